"""What the apps below ask of this one. Found by autodiscovery when Django starts."""

from inventory import services as inventory
from inventory.owners import register_order_finder
from payments.owners import orders_by_hold
from payments.services import disputed_tickets

inventory.register_admission_check("dispute", disputed_tickets)
inventory.register_offer_job("payments.tasks.charge_offers")
register_order_finder(orders_by_hold)
