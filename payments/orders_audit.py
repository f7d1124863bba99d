"""What must hold between an order, its money and its tickets, as SQL that finds
offenders. A surplus is not the order's money (ADR 18), so it is left out of all sums.
"""

CHECKS = [
    (
        1,
        "An order and its hold are of one buyer and one event",
        """
        SELECT orders.id AS "order", orders.user_id AS buyer, orders.event_id AS event,
               hold.id AS hold, hold.user_id AS holder, hold.event_id AS held_for
          FROM payments_order AS orders
          JOIN inventory_hold AS hold ON hold.id = orders.hold_id
         WHERE (orders.user_id, orders.event_id) <> (hold.user_id, hold.event_id)
        """,
    ),
    (
        3,
        "A payment that succeeded is one that the provider knows",
        """
        SELECT id AS payment, order_id AS "order", amount, currency
          FROM payments_payment
         WHERE status = 'succeeded' AND coalesce(intent_id, '') = ''
        """,
    ),
    (
        4,
        "What was kept of an order's money is what its tickets cost",
        # `kept` is what came, less what went back or will. Of the tickets that are
        # still good, those that were given (as goodwill, or used before their event
        # was cancelled) cost nothing any more. What the bank took, or somebody gave
        # back by hand without saying for what, may be missing; what a failed refund
        # or a lost dispute has left behind may be too much.
        """
        SELECT orders.id AS "order", orders.status,
               book.balance - back.awaited AS kept, lines.good AS tickets_cost,
               back.unallocated, book.disputed, lines.unpaid + back.failed AS failed
          FROM payments_order AS orders
         CROSS JOIN LATERAL (
               SELECT coalesce(sum(entry.amount), 0) AS balance,
                      coalesce(-sum(entry.amount) FILTER (
                          WHERE entry.kind LIKE 'dispute%%'), 0) AS disputed
                 FROM payments_payment AS payment
                 JOIN payments_ledgerentry AS entry ON entry.payment_id = payment.id
                WHERE payment.order_id = orders.id AND NOT payment.surplus) AS book
         CROSS JOIN LATERAL (
               SELECT coalesce(sum(refund.amount) FILTER (
                          WHERE refund.status IN ('owed', 'pending')), 0) AS awaited,
                      coalesce(sum(refund.amount) FILTER (
                          WHERE refund.unallocated AND refund.status <> 'failed'
                            AND NOT names.a_line), 0) AS unallocated,
                      coalesce(sum(refund.amount) FILTER (
                          WHERE refund.status = 'failed'
                            AND NOT names.a_line), 0) AS failed
                 FROM payments_payment AS payment
                 JOIN payments_refund AS refund ON refund.payment_id = payment.id
                CROSS JOIN LATERAL (
                      SELECT EXISTS (
                             SELECT FROM payments_refund_lines AS named
                              WHERE named.refund_id = refund.id)) AS names (a_line)
                WHERE payment.order_id = orders.id AND NOT payment.surplus) AS back
         CROSS JOIN LATERAL (
               SELECT EXISTS (SELECT FROM payments_payment AS payment
                                JOIN payments_dispute AS dispute
                                  ON dispute.payment_id = payment.id
                               WHERE payment.order_id = orders.id
                                 AND dispute.status = 'lost')) AS bank (has_it)
         CROSS JOIN LATERAL (
               SELECT coalesce(sum(line.total_amount) FILTER (
                          WHERE line.returned_at IS NULL
                            AND named.given IS NOT TRUE), 0) AS good,
                      coalesce(sum(line.total_amount) FILTER (
                          WHERE line.returned_at IS NOT NULL
                            AND named.stands IS NOT TRUE
                            AND (named.failed OR bank.has_it)), 0) AS unpaid
                 FROM payments_orderline AS line
                 JOIN inventory_ticket AS ticket ON ticket.id = line.ticket_id
                CROSS JOIN LATERAL (
                      SELECT bool_or(refund.status <> 'failed') AS stands,
                             bool_or(refund.status = 'failed') AS failed,
                             bool_or(refund.status <> 'failed' AND (
                                 refund.reason = 'goodwill'
                                 OR refund.reason = 'event_cancelled'
                                AND ticket.status = 'checked_in')) AS given
                        FROM payments_refund_lines AS named
                        JOIN payments_refund AS refund ON refund.id = named.refund_id
                       WHERE named.orderline_id = line.id) AS named
                WHERE line.order_id = orders.id) AS lines
         WHERE lines.good - (book.balance - back.awaited)
               NOT BETWEEN -(lines.unpaid + back.failed)
                       AND back.unallocated + greatest(book.disputed, 0)
        """,
    ),
    (
        4,
        "An order's status says what went back of it",
        """
        SELECT orders.id AS "order", orders.status, orders.amount,
               back.refunds, back.paid, bank.lost
          FROM payments_order AS orders
         CROSS JOIN LATERAL (
               SELECT coalesce(sum(refund.amount), 0) AS refunds,
                      coalesce(sum(refund.amount) FILTER (
                          WHERE refund.status = 'succeeded'
                            AND NOT (refund.unallocated
                                     AND refund.reason = 'dashboard')), 0) AS paid
                 FROM payments_payment AS payment
                 JOIN payments_refund AS refund ON refund.payment_id = payment.id
                WHERE payment.order_id = orders.id AND NOT payment.surplus) AS back
         CROSS JOIN LATERAL (
               SELECT coalesce(sum(dispute.amount), 0) AS lost
                 FROM payments_payment AS payment
                 JOIN payments_dispute AS dispute ON dispute.payment_id = payment.id
                WHERE payment.order_id = orders.id AND NOT payment.surplus
                  AND dispute.status = 'lost') AS bank
         WHERE orders.amount > 0
           AND (orders.status = 'paid' AND back.paid > 0
                OR orders.status = 'partly_refunded' AND back.refunds = 0
                OR orders.status = 'refunded'
                   AND back.refunds + bank.lost < orders.amount)
        """,
    ),
    (
        4,
        "A movement of money is in the books of the order that its payment is of",
        """
        SELECT entry.id AS entry, entry.order_id AS "order", entry.currency,
               payment.id AS payment, payment.order_id AS order_of_payment,
               payment.currency AS currency_of_payment
          FROM payments_ledgerentry AS entry
          JOIN payments_payment AS payment ON payment.id = entry.payment_id
         WHERE (entry.order_id, entry.currency)
               <> (payment.order_id, payment.currency)
        """,
    ),
    (
        4,
        "An order costs what its hold was quoted, and a line its part of it",
        """
        SELECT orders.id AS "order", orders.amount, orders.currency,
               hold.total_amount, hold.currency AS quoted_in, line.id AS line
          FROM payments_order AS orders
          JOIN inventory_hold AS hold ON hold.id = orders.hold_id
          LEFT JOIN payments_orderline AS line
            ON line.order_id = orders.id
           AND (line.unit_amount, line.fee_amount, line.tax_amount,
                line.total_amount * hold.quantity)
               <> (hold.unit_amount, hold.fee_amount, hold.tax_amount,
                   hold.total_amount)
         WHERE (orders.amount, orders.currency) <> (hold.total_amount, hold.currency)
            OR line.id IS NOT NULL
        """,
    ),
    (
        4,
        "A payment, its attempts and its refunds are over the order's money",
        """
        SELECT payment.id AS payment, payment.order_id AS "order", payment.amount,
               payment.currency, orders.currency AS currency_of_order,
               attempt.id AS attempt, attempt.amount AS tried_for,
               refund.id AS refund, refund.currency AS refunded_in
          FROM payments_payment AS payment
          JOIN payments_order AS orders ON orders.id = payment.order_id
          LEFT JOIN payments_paymentattempt AS attempt
            ON attempt.payment_id = payment.id AND attempt.amount <> payment.amount
          LEFT JOIN payments_refund AS refund
            ON refund.payment_id = payment.id AND refund.currency <> payment.currency
         WHERE payment.currency <> orders.currency
            OR attempt.id IS NOT NULL OR refund.id IS NOT NULL
        """,
    ),
]
