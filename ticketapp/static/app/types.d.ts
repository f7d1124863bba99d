/** What the REST API says, in the words of its description. */

export interface Money {
  amount: number;
  currency: string;
}

export type ProblemAction =
  | "retry"
  | "wait"
  | "sign_in"
  | "choose_other_tickets"
  | "join_waitlist"
  | "use_another_card"
  | "authenticate_payment"
  | "contact_support";

export interface Problem {
  type: string;
  title: string;
  status: number;
  detail: string;
  code: string;
  action?: ProblemAction | null;
  retry_after?: number;
  errors?: { field: string; code: string; message: string }[];
  meta?: Record<string, unknown>;
}

export interface Page<T> {
  results: T[];
  next: string | null;
  previous: string | null;
}

export type Availability =
  | "on_sale"
  | "not_yet_on_sale"
  | "sales_closed"
  | "sold_out"
  | "all_held"
  | "paused"
  | "cancelled"
  | "postponed"
  | "finished"
  | "no_tickets_here";

export interface Category {
  slug: string;
  name: string;
}

export interface Venue {
  id: string;
  name: string;
  city: string;
  country: string;
  location_precision: "exact" | "city";
  latitude: number | null;
  longitude: number | null;
  time_zone: string;
  address?: string;
  refund_policy?: string;
}

/** When and where: the part that cards, holds, orders and tickets share. */
export interface EventTimes {
  starts_at: string | null;
  starts_at_local?: string | null;
  doors_at?: string | null;
  ends_at?: string | null;
  local_date?: string | null;
  time_zone: string;
}

export interface EventBrief extends EventTimes {
  id: string;
  name: string;
  venue: Venue;
  image_url?: string | null;
  status?: string;
}

export interface EventCard extends EventBrief {
  status: string;
  category: Category | null;
  performers: { id: string; name: string }[];
  image_url: string | null;
  distance_m: number | null;
  sales_open_at: string | null;
  sales_close_at: string | null;
  availability: Availability;
  from_price: Money | null;
  left: number | null;
  next_price: Money | null;
  next_price_at: string | null;
  listing_url: string | null;
}

export interface Price {
  total: Money;
  unit: Money;
  fee: Money & { name: string };
  tax: Money & { name: string; included: boolean };
}

export interface TicketType {
  id: string;
  name: string;
  description: string;
  price: Price;
  availability: Availability;
  left: number | null;
  next_price: Money | null;
  next_price_at: string | null;
  max_quantity: number;
}

export interface EventDetail extends EventCard {
  description: string;
  seller: string | { name: string };
  per_buyer_limit: number;
  viewer_counts: boolean;
  ticket_types: TicketType[];
}

export interface Hold {
  id: string;
  status: "active" | "paying" | "converted" | "expired" | "released";
  event: EventBrief;
  ticket_type: { id: string; name: string };
  quantity: number;
  price: Price;
  total: Money;
  expires_at: string;
  created_at: string;
  server_time: string;
  order: string | null;
}

export interface Payment {
  status:
    | "created"
    | "requires_action"
    | "processing"
    | "succeeded"
    | "failed"
    | "cancelled";
  provider: "sandbox" | "stripe";
  client_secret: string | null;
  next_action:
    | null
    | { type: "redirect_to_url"; url: string }
    | { type: "use_stripe_sdk"; url?: null };
  decline: null | { code: string; message: string };
}

export interface Order {
  id: string;
  reference: string;
  status: "pending" | "paid" | "partly_refunded" | "refunded" | "cancelled";
  event: EventBrief;
  ticket_type: { id: string; name: string };
  quantity: number;
  total: Money;
  lines: {
    ticket: string;
    unit: Money;
    fee: Money & { name?: string };
    tax: Money & { name?: string; included?: boolean };
    total: Money;
    returned: boolean;
  }[];
  payment: Payment | null;
  hold: { id: string; expires_at: string; status: Hold["status"] } | null;
  tickets: string[];
  created_at: string;
  paid_at: string | null;
  server_time: string;
}

export interface Ticket {
  id: string;
  status: "sold" | "checked_in" | "returned";
  event: EventBrief;
  ticket_type: { id: string; name: string };
  order: { id: string; reference: string };
  holder: string;
  code: string;
  qr_svg: string;
  checked_in_at: string | null;
}

export interface PaymentsConfig {
  provider: "sandbox" | "stripe";
  publishable_key: string;
  tokenize_url: string | null;
  test_cards: { number: string; label: string }[];
}

export interface SavedCard {
  id: string;
  brand: string;
  last4: string;
  exp_month: number;
  exp_year: number;
  is_default: boolean;
}

export interface Me {
  id: string;
  email: string;
  name: string;
  is_staff: boolean;
}

export interface InboxItem {
  id: string;
  title: string;
  body: string;
  created_at: string;
  read_at: string | null;
}

export interface FoundPlace {
  name: string;
  country: string;
  latitude: number;
  longitude: number;
}

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

declare global {
  interface Window {
    /** Leaflet, once components/map.js has loaded it. */
    L?: typeof import("leaflet");
    /** Stripe.js, once components/stripe-form.js has loaded it. */
    Stripe?: (key: string) => any;
  }
}
