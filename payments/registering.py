"""What the apps below ask of this one. Found by autodiscovery when Django starts."""

from inventory import services as inventory
from inventory.owed import register_owed_finder
from inventory.owners import register_order_finder
from payments.owed import owed_for
from payments.owners import orders_by_hold
from payments.services import disputed_tickets

inventory.register_admission_check("dispute", disputed_tickets)
inventory.register_offer_job("payments.tasks.charge_offers")
register_order_finder(orders_by_hold)
register_owed_finder(owed_for)
