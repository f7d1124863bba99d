"""How the admin looks, and which functions of ours its theme asks."""

from django.templatetags.static import static

THEME = {
    "SITE_TITLE": "ticketapp",
    "SITE_HEADER": "ticketapp",
    "SITE_SUBHEADER": "venue staff",
    "SITE_SYMBOL": "local_activity",
    "SITE_FAVICONS": [
        {
            "rel": "icon",
            "type": "image/svg+xml",
            "href": lambda request: static("app/icons/icon.svg"),
        }
    ],
    "STYLES": [lambda request: static("staff/lists.css")],
    "ENVIRONMENT": "ticketapp.admin_theme.environment",
    "DASHBOARD_CALLBACK": "payments.admin.tonight.dashboard",
    "SHOW_BACK_BUTTON": True,
    "SIDEBAR": {
        "show_search": True,
        "navigation": "ticketapp.admin_theme.navigation",
    },
    "COLORS": {
        # The accent of the app (tokens.css), lighter and darker by eye.
        "primary": {
            "50": "#eef0fe",
            "100": "#e0e3fd",
            "200": "#c6ccfb",
            "300": "#a1abf7",
            "400": "#7784f0",
            "500": "#5263e6",
            "600": "#2b3fd6",
            "700": "#2534b0",
            "800": "#202c8c",
            "900": "#1e286f",
            "950": "#131843",
        }
    },
}
