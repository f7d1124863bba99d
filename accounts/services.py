"""What happens to accounts. Locks: none, rows are made or found by their address."""

from allauth.account.models import EmailAddress
from django.contrib.auth.hashers import make_password
from django.db import transaction

from accounts.models import User


@transaction.atomic
def prove_address(*, email: str, user: User | None) -> User:
    """The account at this address, verified; made if there is none yet.

    Call it only when somebody has just shown that they read mail there. `user`
    is the account known for the address, if any. Two devices that prove a new
    address at the same time get one account.
    """
    if user is None:
        user, _ = User.objects.get_or_create(
            email=email, defaults={"password": make_password(None)}
        )
    first = not EmailAddress.objects.filter(user=user, primary=True).exists()
    EmailAddress.objects.update_or_create(
        user=user,
        email=email,
        defaults={"verified": True},
        create_defaults={"verified": True, "primary": first},
    )
    return user


def change_me(
    *, user: User, name: str | None = None, show_viewer_counts: bool | None = None
) -> User:
    """Change what a person may say about themselves; None leaves it as it is.

    The name is printed on tickets and read at the door. Who switches the viewer
    counts off is not sent them any more.
    """
    asked = {"name": name, "show_viewer_counts": show_viewer_counts}
    changes = {field: value for field, value in asked.items() if value is not None}
    User.objects.filter(pk=user.pk).update(**changes)
    for field, value in changes.items():
        setattr(user, field, value)
    return user
