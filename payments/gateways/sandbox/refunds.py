"""Refunds, charges, disputes and the balance."""

from collections import defaultdict
from datetime import timedelta
from typing import Any

from payments.gateways.sandbox import shapes
from payments.gateways.sandbox.calls import Call, new_id
from payments.gateways.sandbox.errors import Refused, UnexpectedState
from payments.gateways.sandbox.intents import move_money
from payments.gateways.sandbox.models import SandboxObject
from payments.gateways.sandbox.rows import Record
from payments.gateways.sandbox.switches import switches

LATER = timedelta(seconds=5)
OPEN_DISPUTE = {"needs_response", "under_review", "warning_needs_response"}
# What Stripe's test mode takes for evidence that wins or loses.
VERDICTS = {"winning_evidence": "won", "losing_evidence": "lost"}


def create(call: Call) -> dict[str, Any]:
    """Give money back, never more than is left of the charge."""
    charge = _charge(call)
    data = charge.data
    left = data["amount_captured"] - data["amount_refunded"]
    _refuse_unless_refundable(data, left)
    amount = call.whole("amount") if "amount" in call.params else left
    if amount > left:
        raise Refused(
            f"Refund amount ({amount}) is greater than the unrefunded amount on the "
            f"charge ({left}).",
            code="amount_too_large",
            param="amount",
        )
    if switches.balance_is_short in (True, data["currency"]):
        raise Refused(
            "The balance is too low to pay this refund.", code="balance_insufficient"
        )
    made = _new_refund(call, charge, amount)
    data["amount_refunded"] += amount
    data["refunded"] = data["amount_refunded"] == data["amount_captured"]
    call.change(charge)
    if charge.behaviour in {"refund_fails", "refund_pends"}:
        made.behaviour = charge.behaviour
        call.mature(made, LATER)
    call.emit("refund.created", made)
    call.emit("charge.refunded", charge)
    return call.expanded(made.data)


def retrieve(call: Call, id_: str) -> dict[str, Any]:
    return call.expanded(call.find("refund", id_, "id", status=404).data)


def list_(call: Call) -> dict[str, Any]:
    return call.page("refund", **_of_an_intent(call))


def mature_refund(call: Call, refund: Record) -> None:
    """What the bank says to a refund some time later."""
    if refund.behaviour == "refund_pends":
        refund.data["status"] = "succeeded"
    else:
        refund.data |= {
            "status": "failed",
            "failure_reason": "expired_or_canceled_card",
        }
        charge = call.lock("charge", refund.data["charge"], "charge")
        amount = refund.data["amount"]
        charge.data |= {
            "amount_refunded": charge.data["amount_refunded"] - amount,
            "refunded": False,
        }
        moved = move_money(call, refund.data, amount, kind="refund_failure")
        refund.data["failure_balance_transaction"] = moved["id"]
        call.change(charge)
    call.change(refund)
    failed = refund.data["status"] == "failed"
    call.emit("refund.updated", refund)
    if failed:
        call.emit("refund.failed", refund)


def _charge(call: Call) -> Record:
    if intent_id := call.text("payment_intent"):
        intent = call.find("payment_intent", intent_id, "payment_intent")
        if intent.data["status"] != "succeeded":
            raise Refused(
                f"This PaymentIntent ({intent_id}) has no successful charge to refund.",
                param="payment_intent",
            )
        return call.lock("charge", intent.data["latest_charge"], "charge")
    return call.lock("charge", call.text("charge"), "charge", status=400)


def _refuse_unless_refundable(charge: dict[str, Any], left: int) -> None:
    if charge["disputed"]:
        raise Refused(
            f"Charge {charge['id']} has been charged back and cannot be refunded.",
            code="charge_disputed",
        )
    if not left:
        raise Refused(
            f"Charge {charge['id']} has already been refunded.",
            code="charge_already_refunded",
        )


def _new_refund(call: Call, charge: Record, amount: int) -> Record:
    data = shapes.refund(new_id("refund"), call.now)
    data |= {
        "amount": amount,
        "charge": charge.pk,
        "currency": charge.data["currency"],
        "payment_intent": charge.payment_intent,
        "metadata": call.metadata(),
        "reason": call.text("reason") or None,
        "status": "pending" if charge.behaviour == "refund_pends" else "succeeded",
    }
    moved = move_money(call, data, -amount, kind="refund")
    data["balance_transaction"] = moved["id"]
    return call.new("refund", data, payment_intent=charge.payment_intent)


# Charges and the balance


def retrieve_charge(call: Call, id_: str) -> dict[str, Any]:
    return call.expanded(call.find("charge", id_, "charge", status=404).data)


def list_charges(call: Call) -> dict[str, Any]:
    return call.page("charge", **_of_an_intent(call))


def retrieve_balance(call: Call) -> dict[str, Any]:
    totals: dict[str, int] = defaultdict(int)
    lines = SandboxObject.objects.filter(type="balance_transaction")
    for line in lines.values_list("data", flat=True).iterator():
        totals[line["currency"]] += line["net"]
    amounts = [
        {"amount": total, "currency": currency, "source_types": {"card": total}}
        for currency, total in sorted(totals.items())
    ]
    return shapes.balance(amounts)


# Disputes


def open_dispute(call: Call, charge: Record, *, inquiry: bool) -> Record:
    """The cardholder's bank asks; unless it only inquires, it takes the money."""
    amount = charge.data["amount_captured"] - charge.data["amount_refunded"]
    data = shapes.dispute(new_id("dispute"), call.now)
    data |= {
        "amount": amount,
        "charge": charge.pk,
        "currency": charge.data["currency"],
        "payment_intent": charge.payment_intent,
    }
    dispute = call.new("dispute", data, payment_intent=charge.payment_intent)
    if inquiry:
        data |= {"status": "warning_needs_response", "is_charge_refundable": True}
        data["payment_method_details"]["card"]["case_type"] = "inquiry"
        call.emit("charge.dispute.created", dispute)
        return dispute
    moved = move_money(call, data, -amount, kind="dispute")
    data["balance_transactions"] = [moved]
    charge.data["disputed"] = True
    call.change(charge)
    call.emit("charge.dispute.created", dispute)
    call.emit("charge.dispute.funds_withdrawn", dispute)
    return dispute


def retrieve_dispute(call: Call, id_: str) -> dict[str, Any]:
    return call.expanded(call.find("dispute", id_, "dispute", status=404).data)


def list_disputes(call: Call) -> dict[str, Any]:
    return call.page("dispute", **_of_an_intent(call))


def answer_dispute(call: Call, id_: str) -> dict[str, Any]:
    """Hand evidence in; Stripe's two magic words decide the case at once."""
    evidence = call.params.get("evidence")
    text = evidence.get("uncategorized_text", "") if isinstance(evidence, dict) else ""
    dispute = _open_dispute(call, id_)
    dispute.data["evidence"]["uncategorized_text"] = text or None
    dispute.data["evidence_details"] |= {"has_evidence": True, "submission_count": 1}
    if text in VERDICTS:
        _close(call, dispute, VERDICTS[text])
    else:
        dispute.data["status"] = "under_review"
        call.emit("charge.dispute.updated", dispute)
    return dispute.data


def close_dispute(call: Call, id_: str) -> dict[str, Any]:
    """Give in: the dispute is lost."""
    dispute = _open_dispute(call, id_)
    _close(call, dispute, "lost")
    return dispute.data


def _open_dispute(call: Call, id_: str) -> Record:
    dispute = call.lock("dispute", id_, "dispute")
    if dispute.data["status"] not in OPEN_DISPUTE:
        raise UnexpectedState("answered", dispute.data)
    call.change(dispute)
    return dispute


def _close(call: Call, dispute: Record, verdict: str) -> None:
    data = dispute.data
    if data["status"].startswith("warning"):
        data["status"] = "warning_closed"
        call.emit("charge.dispute.closed", dispute)
        return
    data["status"] = verdict
    if verdict == "won":
        moved = move_money(call, data, data["amount"], kind="dispute_reversal")
        data["balance_transactions"].append(moved)
        charge = call.lock("charge", data["charge"], "charge")
        charge.data["disputed"] = False
        call.change(charge)
    call.emit("charge.dispute.closed", dispute)
    if verdict == "won":
        call.emit("charge.dispute.funds_reinstated", dispute)


def _of_an_intent(call: Call) -> dict[str, str]:
    intent_id = call.text("payment_intent")
    return {"payment_intent": intent_id} if intent_id else {}
