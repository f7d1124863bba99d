"""What somebody has agreed to stays as they read it."""

from hashlib import sha256

import pytest

from payments.consent import CURRENT, TEXTS

# A new wording gets a new version and a line here; a line is never changed.
AS_FIRST_SHOWN = {
    "2026-06-01": "df63870a64a15cb6c58325d7769d2fa47840869d9057d7ad4df7239a52bd4184",
    "2026-11-24": "c35359bbec31eb3cc0c9df72c7df0288fae6c55af29027ac3101376fb3303fb5",
    "2026-11-29": "d72a1b998434872e45b223debeb32434fd9a1a711e4384490327e292dd2c6576",
}


def test_every_version_ever_shown_is_kept():
    assert set(TEXTS) == set(AS_FIRST_SHOWN)
    assert max(TEXTS) == CURRENT


@pytest.mark.parametrize("version", sorted(AS_FIRST_SHOWN))
def test_no_wording_is_changed_under_those_who_agreed_to_it(version):
    assert sha256(TEXTS[version].encode()).hexdigest() == AS_FIRST_SHOWN[version]
