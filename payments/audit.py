"""The invariants that money can see, as SQL: each statement finds offenders.

Sums over refunds and disputes are taken per payment before they meet, because
joined at once they would multiply each other.
"""

from payments import orders_audit, waitlist_audit
from ticketapp.audit import register

for check in (*orders_audit.CHECKS, *waitlist_audit.CHECKS):
    register(*check)

register(
    1,
    "A ticket is owned exactly when one line of a paid order has it",
    """
    SELECT ticket.id AS ticket, ticket.status, line.id AS line,
           orders.id AS "order", orders.status AS order_status, line.returned_at
      FROM inventory_ticket AS ticket
      LEFT JOIN payments_orderline AS line ON line.ticket_id = ticket.id
      LEFT JOIN payments_order AS orders ON orders.id = line.order_id
     WHERE (ticket.status IN ('sold', 'checked_in')) IS DISTINCT FROM
           (line.id IS NOT NULL AND line.returned_at IS NULL
            AND orders.status IN ('paid', 'partly_refunded', 'refunded'))
    """,
)
register(
    1,
    "The tickets of an order are those of its hold",
    """
    SELECT line.id AS line, line.order_id AS "order", ticket.hold_id AS hold
      FROM payments_orderline AS line
      JOIN inventory_ticket AS ticket ON ticket.id = line.ticket_id
      JOIN payments_order AS orders ON orders.id = line.order_id
     WHERE ticket.hold_id <> orders.hold_id
    """,
)
register(
    3,
    "No ticket is sold without a succeeded payment that covers its order",
    """
    SELECT orders.id AS "order", orders.status, orders.amount,
           coalesce(sum(payment.amount), 0) AS paid
      FROM payments_order AS orders
      LEFT JOIN payments_payment AS payment
        ON payment.order_id = orders.id AND payment.status = 'succeeded'
       AND NOT payment.surplus
     WHERE orders.status IN ('paid', 'partly_refunded', 'refunded')
       AND orders.amount > 0
     GROUP BY orders.id
    HAVING coalesce(sum(payment.amount), 0) < orders.amount
    """,
)
register(
    3,
    "A succeeded payment has tickets or a refund",
    """
    SELECT payment.id AS payment, payment.order_id AS "order", payment.amount
      FROM payments_payment AS payment
     WHERE payment.status = 'succeeded'
       AND payment.succeeded_at < %(now)s - make_interval(secs => %(grace)s)
       AND (payment.surplus
            OR NOT EXISTS (SELECT 1 FROM payments_orderline AS line
                            WHERE line.order_id = payment.order_id))
       AND NOT EXISTS (SELECT 1 FROM payments_refund AS refund
                        WHERE refund.payment_id = payment.id)
    """,
)
register(
    3,
    "Surplus money goes back whole, unless its refund failed or the bank has it",
    """
    SELECT payment.id AS payment, payment.order_id AS "order", entry.amount,
           coalesce(made.refunds, 0) AS refunds, bank.lost
      FROM payments_payment AS payment
      JOIN payments_ledgerentry AS entry
        ON entry.payment_id = payment.id AND entry.kind = 'capture'
      LEFT JOIN LATERAL (
           SELECT sum(refund.amount)
                      FILTER (WHERE refund.status <> 'failed') AS refunds,
                  bool_or(refund.status = 'failed') AS failed
             FROM payments_refund AS refund
            WHERE refund.payment_id = payment.id) AS made ON true
      LEFT JOIN LATERAL (
           SELECT coalesce(sum(dispute.amount), 0) AS lost
             FROM payments_dispute AS dispute
            WHERE dispute.payment_id = payment.id
              AND dispute.status = 'lost') AS bank ON true
     WHERE payment.surplus AND made.failed IS NOT TRUE
       AND coalesce(made.refunds, 0) + bank.lost < entry.amount
    """,
)
register(
    3,
    "Money that came on a payment which had ended is in the ledger within the hour",
    """
    SELECT payment.id AS payment, payment.order_id AS "order", payment.status,
           news.provider_id AS event, news.error
      FROM payments_stripeevent AS news
      JOIN payments_payment AS payment ON payment.intent_id = news.object_id
     WHERE news.type = 'payment_intent.succeeded'
       AND payment.status IN ('failed', 'cancelled')
       AND (news.received_at < %(now)s - interval '1 hour'
            OR news.processed_at < %(now)s - make_interval(secs => %(grace)s))
    """,
)
register(
    3,
    "An order that is paid has as many lines as its hold has tickets",
    """
    SELECT orders.id AS "order", hold.quantity, count(line.id) AS lines,
           orders.amount, sum(line.total_amount) AS lines_total
      FROM payments_order AS orders
      JOIN inventory_hold AS hold ON hold.id = orders.hold_id
      LEFT JOIN payments_orderline AS line ON line.order_id = orders.id
     WHERE orders.status IN ('paid', 'partly_refunded', 'refunded')
     GROUP BY orders.id, hold.id
    HAVING count(line.id) <> hold.quantity
        OR sum(line.total_amount) <> orders.amount
    """,
)
register(
    4,
    "The ledger agrees with what was captured, refunded and disputed",
    """
    SELECT payment.id AS payment, payment.order_id AS "order", book.captured,
           book.refunded, book.disputed, payment.status, made.refunds
      FROM payments_payment AS payment
      LEFT JOIN LATERAL (
           SELECT coalesce(sum(amount) FILTER (WHERE kind = 'capture'), 0) AS captured,
                  coalesce(-sum(amount) FILTER (
                      WHERE kind IN ('refund', 'refund_failed')), 0) AS refunded,
                  coalesce(-sum(amount) FILTER (
                      WHERE kind LIKE 'dispute%%'), 0) AS disputed
             FROM payments_ledgerentry AS entry
            WHERE entry.payment_id = payment.id) AS book ON true
      LEFT JOIN LATERAL (
           SELECT coalesce(sum(amount), 0) AS refunds FROM payments_refund AS refund
            WHERE refund.payment_id = payment.id
              AND refund.status = 'succeeded') AS made ON true
      LEFT JOIN LATERAL (
           SELECT coalesce(sum(amount) FILTER (WHERE status = 'lost'), 0) AS lost,
                  coalesce(sum(amount) FILTER (
                      WHERE status <> 'won'
                         OR closed_at > %(now)s - make_interval(secs => %(grace)s)
                  ), 0) AS gone
             FROM payments_dispute AS dispute
            WHERE dispute.payment_id = payment.id) AS bank ON true
     WHERE (payment.status = 'succeeded') <> (book.captured > 0)
        OR book.refunded <> made.refunds
        OR book.disputed < bank.lost OR book.disputed > bank.gone
    """,
)
register(
    4,
    "Refunds, owed ones included, never exceed what was captured",
    """
    SELECT payment.id AS payment, payment.order_id AS "order", payment.amount,
           sum(refund.amount) AS refunds
      FROM payments_payment AS payment
      JOIN payments_refund AS refund
        ON refund.payment_id = payment.id AND refund.status <> 'failed'
     GROUP BY payment.id
    HAVING sum(refund.amount) > (
           SELECT coalesce(sum(entry.amount), 0) FROM payments_ledgerentry AS entry
            WHERE entry.payment_id = payment.id AND entry.kind = 'capture')
    """,
)
register(
    4,
    "A refund that names lines is what they cost, and no line is refunded twice",
    """
    SELECT refund.id AS refund, refund.amount, sum(line.total_amount) AS lines_total,
           max(times.refunds) AS refunds_of_a_line
      FROM payments_refund AS refund
      JOIN payments_refund_lines AS named ON named.refund_id = refund.id
      JOIN payments_orderline AS line ON line.id = named.orderline_id
      JOIN LATERAL (
           SELECT count(*) AS refunds FROM payments_refund_lines AS other
             JOIN payments_refund AS made ON made.id = other.refund_id
            WHERE other.orderline_id = line.id AND made.status <> 'failed') AS times
           ON true
     WHERE NOT refund.unallocated
     GROUP BY refund.id
    HAVING refund.amount <> sum(line.total_amount) OR max(times.refunds) > 1
    """,
)
register(
    4,
    "A paid ticket is taken back with a refund that names it, or a lost dispute",
    """
    SELECT line.id AS line, line.order_id AS "order", line.total_amount
      FROM payments_orderline AS line
     WHERE line.returned_at IS NOT NULL AND line.total_amount > 0
       AND NOT EXISTS (SELECT 1 FROM payments_refund_lines AS named
                        WHERE named.orderline_id = line.id)
       AND NOT EXISTS (SELECT 1 FROM payments_dispute AS dispute
                         JOIN payments_payment AS payment
                           ON payment.id = dispute.payment_id
                        WHERE payment.order_id = line.order_id
                          AND dispute.status = 'lost')
    """,
)
register(
    4,
    "No money is kept for tickets that were all taken back, unless staff were told",
    """
    SELECT orders.id AS "order", orders.status, book.balance, taken.back_at
      FROM payments_order AS orders
      JOIN LATERAL (
           SELECT max(line.returned_at) AS back_at FROM payments_orderline AS line
            WHERE line.order_id = orders.id
           HAVING bool_and(line.returned_at IS NOT NULL)) AS taken
        ON taken.back_at < %(now)s - make_interval(secs => %(grace)s)
      JOIN LATERAL (
           SELECT sum(entry.amount) AS balance FROM payments_ledgerentry AS entry
             JOIN payments_payment AS payment ON payment.id = entry.payment_id
            WHERE entry.order_id = orders.id AND NOT payment.surplus) AS book
        ON book.balance > 0
     WHERE NOT EXISTS (
           SELECT 1 FROM payments_refund AS refund
             JOIN payments_payment AS payment ON payment.id = refund.payment_id
            WHERE payment.order_id = orders.id
              AND (refund.status IN ('owed', 'pending')
                   OR refund.status = 'failed'
                  AND EXISTS (SELECT 1 FROM payments_incident AS told
                               WHERE told.order_id = orders.id
                                 AND told.kind = 'refund_failed'
                                 AND told.dedupe_key LIKE
                                     'refund_failed:' || refund.id || ':%%')))
    """,
)
register(
    4,
    "What was captured is what the attempt, the payment and the order said",
    """
    SELECT payment.id AS payment, payment.amount, entry.amount AS captured,
           orders.amount AS ordered
      FROM payments_payment AS payment
      JOIN payments_order AS orders ON orders.id = payment.order_id
      JOIN payments_ledgerentry AS entry
        ON entry.payment_id = payment.id AND entry.kind = 'capture'
     WHERE NOT payment.surplus
       AND (entry.amount <> payment.amount
            AND NOT EXISTS (SELECT 1 FROM payments_refund AS refund
                             WHERE refund.payment_id = payment.id
                               AND refund.reason = 'mismatch')
            OR payment.amount <> orders.amount)
    """,
)
register(
    5,
    "At most one payment of an order could still take money",
    """
    SELECT order_id AS "order", count(*) AS payments
      FROM payments_payment
     WHERE status NOT IN ('failed', 'cancelled') AND NOT surplus
     GROUP BY order_id
    HAVING count(*) > 1
    """,
)
register(
    5,
    "An event is acted on once: a capture for each succeeded payment",
    """
    SELECT payment.id AS payment, count(entry.id) AS captures
      FROM payments_payment AS payment
      JOIN payments_ledgerentry AS entry
        ON entry.payment_id = payment.id AND entry.kind = 'capture'
     GROUP BY payment.id
    HAVING count(entry.id) > 1
    """,
)
register(
    8,
    "Tickets are not back on sale under a payment that may still succeed",
    """
    SELECT payment.id AS payment, payment.order_id AS "order", payment.status,
           hold.status AS hold_status, attempt.status AS attempt_status
      FROM payments_payment AS payment
      JOIN payments_order AS orders ON orders.id = payment.order_id
      JOIN inventory_hold AS hold ON hold.id = orders.hold_id
      LEFT JOIN payments_paymentattempt AS attempt
        ON attempt.payment_id = payment.id
       AND attempt.status IN ('started', 'requires_action', 'processing')
     WHERE payment.status IN ('created', 'requires_action', 'processing')
       AND (payment.status <> 'created' OR attempt.id IS NOT NULL)
       AND hold.status NOT IN ('paying', 'converted')
    """,
)
register(
    8,
    "Intents of orders that hold no tickets are cancelled soon",
    """
    SELECT payment.id AS payment, payment.order_id AS "order", payment.flag
      FROM payments_payment AS payment
      JOIN payments_order AS orders ON orders.id = payment.order_id
      JOIN inventory_hold AS hold ON hold.id = orders.hold_id
     WHERE payment.status IN ('created', 'requires_action', 'processing')
       AND payment.flag = ''
       AND hold.status NOT IN ('active', 'paying')
       AND coalesce(hold.freed_at, '-infinity')
           < %(now)s - make_interval(secs => %(grace)s)
    """,
)
register(
    8,
    "Tickets are being paid for no longer than their payment takes, or staff see it",
    """
    SELECT hold.id AS hold, orders.id AS "order", orders.status, hold.lease_until
      FROM inventory_hold AS hold
      LEFT JOIN payments_order AS orders ON orders.hold_id = hold.id
     WHERE hold.status = 'paying'
       AND hold.lease_until < %(now)s - make_interval(secs => %(grace)s)
       AND NOT EXISTS (SELECT FROM payments_payment AS payment
                        WHERE payment.order_id = orders.id
                          AND payment.status IN
                              ('created', 'requires_action', 'processing')
                          AND payment.flag <> '')
    """,
)
