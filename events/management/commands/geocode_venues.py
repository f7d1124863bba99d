"""Points for venues that have none, or only that of their city."""

from argparse import ArgumentParser
from collections import Counter

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError
from django.db.models import Q
from django.utils import timezone

from events import services
from events.geocoding import GeocodingUnavailable, get_geocoder
from events.models import Venue
from ticketapp.arguments import count


class Command(BaseCommand):
    help = (
        "Ask the geocoder where venues are, at most one question a second. Safe to "
        "repeat: answers are kept. Exit code 1: it could not go on to the end."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--limit",
            type=count,
            default=100,
            help="Venues per run, 100 unless told: the public Nominatim is shared.",
        )
        parser.add_argument("--city", help="Only venues of this city.")

    def handle(self, *, limit: int, city: str | None, **options: object) -> None:
        try:
            geocoder = get_geocoder()
        except ImproperlyConfigured as error:
            raise CommandError(str(error)) from error
        # What staff put on the map stays; what they left off it may be found.
        open_to_us = Q(kept_by_staff=False) | Q(location__isnull=True)
        venues = Venue.objects.without_exact_location().filter(open_to_us)
        if city:
            venues = venues.filter(city__iexact=city)
        outcomes: Counter[str] = Counter()
        for venue in venues.order_by("pk")[:limit]:
            try:
                placed = services.locate_venue(
                    venue=venue, geocoder=geocoder, now=timezone.now()
                )
            except GeocodingUnavailable as error:
                self.stdout.write(summary(outcomes))
                raise CommandError(f"{error} Run it again later.") from error
            outcomes[placed] += 1
            self.stdout.write(f"{venue}: {placed}.")
        self.stdout.write(summary(outcomes))


def summary(outcomes: Counter[str]) -> str:
    if not outcomes:
        return "No venue to ask for."
    return ", ".join(f"{number} {what}" for what, number in outcomes.most_common())
