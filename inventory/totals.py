"""What one ticket costs, as SQL: `inventory.pricing` once more, for the database.

`type` and `venue` are rows in scope. TOTAL is made of the columns `net` and `step`
that NET_AND_STEP selects; `at` is an expression for the instant.
"""

from inventory.pricing import BASIS_POINTS, EXPONENTS

_THREE_DIGITS = ", ".join(
    f"'{currency}'" for currency, digits in EXPONENTS.items() if digits == 3
)
NET_AND_STEP = f"""
SELECT type.fee_amount::bigint + greatest(
           type.floor_amount, least(type.unit_amount, (
               SELECT min(begun.unit_amount)
                 FROM inventory_pricestep AS begun
                WHERE begun.ticket_type_id = type.id
                  AND begun.starts_at <= {{at}}))) AS net,
       CASE WHEN type.currency IN ({_THREE_DIGITS}) THEN 10 ELSE 1 END AS step
"""
TOTAL = f"""
net + CASE venue.tax_mode WHEN 'added' THEN
    (2 * net * venue.tax_basis_points + {BASIS_POINTS} * step)
    / (2 * {BASIS_POINTS} * step) * step ELSE 0 END
"""
