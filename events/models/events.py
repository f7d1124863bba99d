"""What is on: performers, categories, events."""

from datetime import date, datetime
from typing import ClassVar

from django.contrib.gis.db.models import PointField
from django.contrib.postgres.indexes import GinIndex, GistIndex
from django.db import models
from django.db.models import F, GeneratedField, Q
from django.db.models.functions import Now

from events.folding import Fold
from events.local_time import night_of
from events.models.venues import Venue
from events.querysets import EventQuerySet, PerformerQuerySet
from ticketapp.models import PublicModel, StatefulModel


class Performer(PublicModel):
    """Who is on stage, or on the pitch."""

    name = models.CharField(max_length=200)
    source = models.CharField(max_length=40, blank=True)
    source_id = models.CharField(max_length=120, blank=True)
    search_text = GeneratedField(
        expression=Fold("name"), output_field=models.TextField(), db_persist=True
    )

    objects = PerformerQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["source", "source_id"],
                condition=~Q(source_id=""),
                name="events_performer_source_id_is_used_once",
            )
        ]
        indexes = [
            GinIndex(
                fields=["search_text"],
                name="events_performer_search",
                opclasses=["gin_trgm_ops"],
            ),
            models.Index(fields=["name", "id"], name="events_performer_by_name"),
        ]

    def __str__(self) -> str:
        return self.name


class Category(models.Model):
    slug = models.SlugField(unique=True)
    name = models.CharField(max_length=80)

    class Meta:
        verbose_name_plural = "categories"

    def __str__(self) -> str:
        return self.name


class EventStatus(models.TextChoices):
    DRAFT = "draft"
    PUBLISHED = "published"
    PAUSED = "paused"
    CANCELLED = "cancelled"
    POSTPONED = "postponed"
    FINISHED = "finished"


class Event(PublicModel, StatefulModel):
    """One performance at one venue: doors open once.

    `starts_at` is null when a feed knows the day but not the time; such an
    event has a `local_date` and is never listed as starting at midnight.
    On sale and sold out are derived, never stored.
    """

    TRANSITIONS: ClassVar[dict[str, set[str]]] = {
        EventStatus.DRAFT: {EventStatus.PUBLISHED},
        EventStatus.PUBLISHED: {
            EventStatus.PAUSED,
            EventStatus.CANCELLED,
            EventStatus.POSTPONED,
            EventStatus.FINISHED,
        },
        EventStatus.PAUSED: {
            EventStatus.PUBLISHED,
            EventStatus.CANCELLED,
            EventStatus.POSTPONED,
            EventStatus.FINISHED,
        },
        EventStatus.POSTPONED: {EventStatus.PUBLISHED, EventStatus.CANCELLED},
        EventStatus.CANCELLED: set(),
        EventStatus.FINISHED: set(),
    }

    venue = models.ForeignKey(Venue, on_delete=models.PROTECT, related_name="events")
    name = models.CharField(max_length=200)
    description = models.TextField(blank=True)
    category = models.ForeignKey(
        Category,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="events",
    )
    performers = models.ManyToManyField(Performer, blank=True, related_name="events")
    status = models.CharField(
        max_length=20, choices=EventStatus, default=EventStatus.DRAFT
    )
    starts_at = models.DateTimeField(null=True, blank=True)
    doors_at = models.DateTimeField(null=True, blank=True)
    ends_at = models.DateTimeField(null=True, blank=True)
    local_date = models.DateField(help_text="The date on the poster, at the venue.")
    moved_from = models.DateField(
        null=True,
        editable=False,
        help_text="The poster's date that did not hold, when it last had another.",
    )
    moved_at = models.DateTimeField(
        null=True,
        editable=False,
        help_text="Since when its date is known, if it was published with another.",
    )
    retimed_at = models.DateTimeField(
        null=True,
        editable=False,
        help_text="Since when its start is known, if it was published with another.",
    )
    sales_open_at = models.DateTimeField(null=True, blank=True)
    sales_close_at = models.DateTimeField(null=True, blank=True)
    per_buyer_limit = models.PositiveSmallIntegerField(
        default=6, help_text="Tickets one person may hold and own."
    )
    viewer_counts = models.BooleanField(
        default=True, help_text="Show how many people are looking at this page."
    )
    # Copied from the venue, so that the nearby search is one index scan; the
    # database does the copying (a trigger of migration 0001), so it cannot drift.
    location = PointField(geography=True, null=True, blank=True, editable=False)
    image_url = models.URLField(max_length=500, blank=True)
    listing_url = models.URLField(
        max_length=500, blank=True, help_text="Where a feed says tickets are sold."
    )
    source = models.CharField(max_length=40, blank=True, editable=False)
    source_id = models.CharField(max_length=120, blank=True, editable=False)
    kept_by_staff = models.BooleanField(
        default=False, help_text="Feeds leave this event alone."
    )
    search_text = GeneratedField(
        expression=Fold("name"), output_field=models.TextField(), db_persist=True
    )
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    objects = EventQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=EventStatus.values),
                name="events_event_status_is_known",
            ),
            models.CheckConstraint(
                condition=Q(sales_open_at__lt=F("sales_close_at")),
                name="events_event_sales_open_before_they_close",
            ),
            models.CheckConstraint(
                condition=Q(ends_at__gt=F("starts_at")),
                name="events_event_ends_after_it_starts",
            ),
            models.CheckConstraint(
                condition=Q(doors_at__lte=F("starts_at")),
                name="events_event_doors_open_before_it_starts",
            ),
            models.CheckConstraint(
                condition=Q(starts_at__isnull=False)
                | Q(doors_at__isnull=True, ends_at__isnull=True),
                name="events_event_without_a_start_has_no_other_times",
            ),
            models.UniqueConstraint(
                fields=["source", "source_id"],
                condition=~Q(source_id=""),
                name="events_event_source_id_is_used_once",
            ),
        ]
        indexes = [
            GistIndex(
                fields=["location", "starts_at"],
                condition=Q(status=EventStatus.PUBLISHED),
                name="events_event_open_near",
            ),
            models.Index(
                fields=["starts_at", "id"],
                condition=Q(status=EventStatus.PUBLISHED),
                name="events_event_open_by_start",
            ),
            GinIndex(
                fields=["search_text"],
                name="events_event_search",
                opclasses=["gin_trgm_ops"],
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name}, {self.local_date}"

    @property
    def night(self) -> date:
        """The night it belongs to: a show at 00:30 is part of the night before."""
        if self.starts_at is None:
            return self.local_date
        return night_of(self.starts_at, self.venue.zone)

    @property
    def nights(self) -> tuple[date, date]:
        """The first and the last night it goes on; mostly they are one and the same."""
        if self.starts_at is None:
            return self.local_date, self.local_date
        zone = self.venue.zone
        opens, closes = self.doors_at or self.starts_at, self.ends_at or self.starts_at
        return night_of(opens, zone), night_of(closes, zone)

    def sales_are_open(self, now: datetime) -> bool:
        """True while published and inside the sales window (open end: start)."""
        opens, closes = self.sales_open_at, self.sales_close_at or self.starts_at
        return (
            self.status == EventStatus.PUBLISHED
            and (opens is None or opens <= now)
            and (closes is None or now < closes)
        )
