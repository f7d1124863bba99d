"""Pages of the demo mode; they do not exist when DEBUG=0."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import path
from django.views.decorators.http import require_safe

from accounts.devmail import kept_mails


@require_safe
def mail(request: HttpRequest) -> HttpResponse:
    """The demo's mails: a page for people, JSON for everything else."""
    to = request.GET.get("to", "")
    mails = kept_mails(to)
    if "text/html" in request.headers.get("Accept", ""):
        return render(request, "dev/mail.html", {"mails": mails, "to": to})
    return JsonResponse({"results": mails})


urlpatterns = [path("mail", mail, name="dev_mail")]
