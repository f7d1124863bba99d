/**
 * What the REST API says, by the names that the app uses. The shapes come from
 * our own OpenAPI description: `npm run types` writes schema.d.ts anew.
 */
import type { components } from "./schema";

type Schemas = components["schemas"];

export type Money = Schemas["Money"];
export type Price = Schemas["Price"];
export type Problem = Schemas["Problem"];
export type ProblemAction = Schemas["ActionEnum"];
export type Availability = Schemas["AvailabilityEnum"];
export type Category = Schemas["CategoryEntry"];
export type Venue = Schemas["Venue"] & Partial<Schemas["FullVenue"]>;
export type EventCard = Schemas["EventCard"];
export type EventDetail = Schemas["EventDetail"];
export type TicketType = Schemas["TicketType"];
export type Hold = Schemas["Hold"];
export type Order = Schemas["Order"];
export type Ticket = Schemas["Ticket"];
export type PaymentsConfig = Schemas["PaymentsConfig"];
export type SavedCard = Schemas["SavedCard"];
export type CardSetup = Schemas["CardSetup"];
export type NextAction = Schemas["NextAction"];
export type Me = Schemas["Me"];
export type InboxItem = Schemas["Notification"];
export type FoundPlace = Schemas["Place"];
export type WaitlistEntry = Schemas["WaitlistEntry"];
export type StaffVenue = Schemas["StaffVenue"];
export type CheckIn = Schemas["CheckIn"];
export type Revocations = Schemas["Revocations"];

/** When: the part that cards, holds, orders and tickets share. */
export type EventTimes = Pick<
  Schemas["EventBrief"],
  "starts_at" | "doors_at" | "ends_at" | "local_date" | "time_zone"
>;

/** What a hold, an order and a ticket say of their event. */
export type EventBrief = Schemas["EventBrief"];

/** A frame of the socket, which the REST description does not have. */
export interface Snapshot {
  viewers: number | null;
  viewers_about: boolean;
  availability: Availability;
  ticket_types: {
    id: string;
    availability: Availability;
    left: number | null;
    price: Money;
  }[];
  at: string;
}

/** The browser's own reader of codes; the types of TypeScript do not have it yet. */
interface CodeReader {
  detect(image: HTMLVideoElement): Promise<{ rawValue: string }[]>;
}

interface CodeReaderMaker {
  new (options: { formats: string[] }): CodeReader;
  getSupportedFormats(): Promise<string[]>;
}

declare global {
  interface Window {
    /** In some browsers only. */
    BarcodeDetector?: CodeReaderMaker;
    /** Leaflet, once components/map.js has loaded it. */
    L?: typeof import("leaflet");
    /** Stripe.js, once components/stripe-form.js has loaded it. */
    Stripe?: (key: string) => any;
  }
}
