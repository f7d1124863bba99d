"""Questions asked of venues, performers and events."""

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import Any, Self

from django.contrib.gis.db.models import PointField
from django.contrib.gis.db.models.functions import GeometryDistance
from django.contrib.gis.geos import Point
from django.db import models
from django.db.models import F, Func, Q, Value
from django.db.models.expressions import RawSQL

from accounts.models import User
from events.folding import fold

# How far back an event that is still running may have started: a bound for the
# index, above any single performance.
LONGEST_RUN = timedelta(hours=12)
MAX_SEARCH_WORDS = 6


class IsWithin(Func):
    """`ST_DWithin` on the sphere: the measure that `<->` sorts by.

    Django's `dwithin` asks for the spheroid, up to half a per cent off from
    the sorted distance, so that a row of the list could say more than the
    radius that was asked for.
    """

    function = "ST_DWithin"
    output_field = models.BooleanField()

    def __init__(self, field: str, point: Point, metres: float) -> None:
        where = Value(point, output_field=PointField(geography=True))
        super().__init__(F(field), where, Value(float(metres)), Value(False))


def matches(text: str) -> Q:
    """Rows whose generated `search_text` has `text` in it, or nearly so."""
    folded = fold(text)
    found = Q(search_text__contains=folded)
    if len(folded) > 3:  # Shorter words have too few trigrams to be nearly right.
        found |= Q(search_text__trigram_word_similar=folded)
    return found


def goes_on(now: datetime) -> Q:
    """Not over: by its end, or where that is not known by sales still open."""
    return Q(ends_at__gt=now) | Q(ends_at__isnull=True, sales_close_at__gt=now)


def words_of(query: str) -> list[str]:
    return fold(query).split()[:MAX_SEARCH_WORDS]


class VenueQuerySet(models.QuerySet[Any]):
    def staffed_by(self, user: User, roles: Collection[str] | None = None) -> Self:
        """Venues where `user` works, in one of `roles` if given; operators: all."""
        if not user.is_active or not user.is_staff:
            return self.none()
        if user.is_superuser:
            return self.all()
        own = user.memberships.all()
        own = own if roles is None else own.filter(role__in=roles)
        return self.filter(pk__in=own.values("venue"))

    def search(self, query: str) -> Self:
        """Venues whose name or city matches every word, accents apart."""
        rows = self
        for word in words_of(query):
            rows = rows.filter(matches(word))
        return rows

    def near(self, point: Point, radius_m: float) -> Self:
        """Venues within `radius_m` metres, nearest first."""
        return (
            self.filter(IsWithin("location", point, radius_m))
            .annotate(distance=GeometryDistance("location", point))
            .order_by("distance", "id")
        )

    def without_exact_location(self) -> Self:
        return self.filter(Q(location__isnull=True) | Q(location_precision="city"))


class PerformerQuerySet(models.QuerySet[Any]):
    def search(self, query: str) -> Self:
        rows = self
        for word in words_of(query):
            rows = rows.filter(matches(word))
        return rows


class EventQuerySet(models.QuerySet[Any]):
    """`nearby` is the search of the app; the rest are its parts.

    For a keyset cursor sort by what the rows are annotated with: `near` gives
    (`distance`, `id`), a list by time (`starts_at`, `id`).
    """

    def published(self) -> Self:
        return self.filter(status="published")

    def running(self, now: datetime) -> Self:
        """Started, and known to go on: by their end, or by sales still open.

        An event of unknown length whose sales closed at its start is not said
        to be on: nobody knows.
        """
        goes_on = Q(ends_at__gt=now) | Q(ends_at__isnull=True, sales_close_at__gt=now)
        return self.filter(goes_on, starts_at__lte=now, starts_at__gt=now - LONGEST_RUN)

    def starting_within(self, now: datetime, hours: float) -> Self:
        """Running now, or starting in the next `hours`.

        An event without a certain time (`starts_at` is null) is in no window.
        """
        return self.filter(
            Q(starts_at__gt=now) | goes_on(now),
            starts_at__gt=now - LONGEST_RUN,
            starts_at__lte=now + timedelta(hours=hours),
        )

    def on_a_day(self, now: datetime) -> Self:
        """Still to come, but only the day is known, wherever it is that day."""
        yesterday = now.astimezone(UTC).date() - timedelta(days=1)
        return self.filter(starts_at__isnull=True, local_date__gte=yesterday)

    def upcoming(self, now: datetime) -> Self:
        """Not over: running, to start at a known time, or on a known day."""
        goes_on = Q(ends_at__gt=now) | Q(ends_at__isnull=True, sales_close_at__gt=now)
        yesterday = now.astimezone(UTC).date() - timedelta(days=1)
        return self.filter(
            Q(starts_at__gt=now)
            | Q(goes_on, starts_at__gt=now - LONGEST_RUN)
            | Q(starts_at__isnull=True, local_date__gte=yesterday)
        )

    def near(self, point: Point, radius_m: float | None = None) -> Self:
        """Nearest first, each with its `distance` in metres as a float.

        `distance` of a venue known only by its city is that of the city's
        middle: for sorting, never for showing. Take a page with `nearest`.
        """
        rows = self if radius_m is None else self.within(point, radius_m)
        return (
            rows.filter(location__isnull=False)
            .annotate(distance=GeometryDistance("location", point))
            .order_by("distance", "id")
        )

    def nearest(self, count: int) -> Self:
        """Of a `near` queryset the first `count` rows, and those tied with the last.

        The index gives rows in the order of distance, as many as are asked for;
        but asked for (distance, id) PostgreSQL 15 would read every row in the
        circle and sort them. So the page is cut by distance alone, ties and
        all, and what is left is put in order. Slice it: `nearest(20)[:20]`.
        """
        by_distance = self.order_by("distance").values("pk")
        sql, params = by_distance.query.sql_with_params()
        cut = RawSQL(f"{sql} FETCH FIRST %s ROWS WITH TIES", (*params, count))
        return (
            self.model._default_manager.filter(pk__in=cut)
            .annotate(distance=self.query.annotations["distance"])
            .order_by("distance", "id")
        )

    def after(self, distance: float, pk: object) -> Self:
        """The rows of a `near` queryset behind one of them: the next page."""
        return self.filter(Q(distance__gt=distance) | Q(distance=distance, pk__gt=pk))

    def within(self, point: Point, radius_m: float) -> Self:
        """In the circle, in no order: for lists by time or price."""
        return self.filter(IsWithin("location", point, radius_m))

    def nearby(
        self, point: Point, *, radius_m: float | None, now: datetime, hours: float
    ) -> Self:
        """What is published, near `point` and starts soon; nearest first."""
        return self.published().starting_within(now, hours).near(point, radius_m)

    def search(self, query: str) -> Self:
        """Events of which every word of `query` is somewhere in their name, venue,
        city, performers or category, accents and small mistakes apart."""
        rows = self
        for word in words_of(query):
            rows = rows.filter(pk__in=self._ids_matching(word))
        return rows

    def _ids_matching(self, word: str) -> models.QuerySet[Any, Any]:
        # A union of index scans: one OR across the joins would read every row.
        every = self.model._default_manager.all()
        venues = self.model._meta.get_field("venue").related_model
        performers = self.model._meta.get_field("performers").related_model
        return (
            every.filter(matches(word))
            .values("pk")
            .union(
                every.filter(
                    venue__in=venues._default_manager.filter(matches(word)).values("pk")
                ).values("pk"),
                every.filter(
                    performers__in=performers._default_manager.filter(
                        matches(word)
                    ).values("pk")
                ).values("pk"),
                every.filter(category__name__icontains=word).values("pk"),
                all=True,
            )
        )
