"""What must hold about charges under a mandate, as SQL that finds offenders."""

CHECKS = [
    (
        6,
        "A waitlist charge never exceeds its mandate in amount, quantity or time",
        """
        SELECT attempt.id AS attempt, mandate.id AS mandate, attempt.amount,
               mandate.max_total_amount, payment.currency, hold.quantity,
               attempt.created_at, mandate.ends_at
          FROM payments_paymentattempt AS attempt
          JOIN payments_mandate AS mandate ON mandate.id = attempt.mandate_id
          JOIN inventory_waitlistentry AS entry ON entry.id = mandate.entry_id
          JOIN payments_savedcard AS card ON card.id = mandate.card_id
          JOIN payments_payment AS payment ON payment.id = attempt.payment_id
          JOIN payments_order AS orders ON orders.id = payment.order_id
          JOIN inventory_hold AS hold ON hold.id = orders.hold_id
         WHERE attempt.amount > mandate.max_total_amount
            OR payment.amount > mandate.max_total_amount
            OR payment.currency <> mandate.currency
            OR hold.quantity > mandate.quantity
            OR hold.ticket_type_id <> entry.ticket_type_id
            OR orders.user_id <> entry.user_id
            OR attempt.created_at < mandate.consented_at
            OR attempt.created_at >= mandate.ends_at
            OR attempt.created_at > coalesce(card.removed_at, 'infinity')
            OR attempt.payment_method <> card.provider_id
        """,
    ),
    (
        6,
        "A mandate is charged once",
        """
        SELECT mandate.id AS mandate, count(DISTINCT payment.id) AS charges
          FROM payments_mandate AS mandate
          JOIN payments_paymentattempt AS attempt ON attempt.mandate_id = mandate.id
          JOIN payments_payment AS payment ON payment.id = attempt.payment_id
         WHERE attempt.status IN ('started', 'processing', 'succeeded')
           AND NOT payment.surplus
         GROUP BY mandate.id
        HAVING count(DISTINCT payment.id) > 1
        """,
    ),
    (
        6,
        "A mandate is for what its entry asks, and no entry is charged without one",
        """
        SELECT entry.id AS entry, mandate.id AS mandate
          FROM inventory_waitlistentry AS entry
          LEFT JOIN payments_mandate AS mandate ON mandate.entry_id = entry.id
         WHERE (entry.charges_card AND mandate.id IS NULL)
            OR (mandate.quantity, mandate.max_total_amount, mandate.currency,
                mandate.ends_at)
               <> (entry.quantity, entry.max_total_amount, entry.currency,
                   entry.ends_at)
        """,
    ),
]
