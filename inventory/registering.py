"""What the apps below ask of this one. Found by autodiscovery when Django starts."""

from events import services as events
from inventory.services import serve_lines

events.register_follower("waitlists", serve_lines)
