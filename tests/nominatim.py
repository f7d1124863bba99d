"""A stand-in for the geocoder on this machine, and a clock that nobody waits for."""

import json
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import parse_qs, urlsplit


def answer(kind, kind_type, lat=51.5433, lon=-0.152, name="Roundhouse, London"):
    """One place, in the shape that Nominatim's `format=json` has."""
    return [
        {
            "place_id": 258891571,
            "licence": "Data © OpenStreetMap contributors, ODbL 1.0.",
            "osm_type": "way",
            "osm_id": 4959629,
            "lat": str(lat),
            "lon": str(lon),
            "class": kind,
            "type": kind_type,
            "place_rank": 30,
            "importance": 0.41,
            "addresstype": kind,
            "name": name.split(",")[0],
            "display_name": name,
            "boundingbox": ["51.5428", "51.5437", "-0.1526", "-0.1514"],
        }
    ]


VENUE = answer("amenity", "arts_centre")
CITY = answer("boundary", "administrative", 51.5074, -0.1278, "London, England")


class StandIn:
    """Answers in turn; the last answer is given for ever. A number is a status."""

    def __init__(self):
        self.answers, self.asked, self.agents, self.headers = [[]], [], [], {}

    def next_answer(self):
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

    @property
    def queries(self):
        return [question["q"][0] for question in self.asked]


@contextmanager
def serving(stand_in):
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            stand_in.asked.append(parse_qs(urlsplit(self.path).query))
            stand_in.agents.append(self.headers["User-Agent"])
            said = stand_in.next_answer()
            status = said if isinstance(said, int) else 200
            self.send_response(status)
            for name, value in stand_in.headers.items():
                self.send_header(name, value)
            self.end_headers()
            body = said if isinstance(said, str) else json.dumps(said)
            self.wfile.write(body.encode() if status == 200 else b"no")

        def log_message(self, *args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


class Clock:
    """A clock that moves only when somebody waits."""

    def __init__(self):
        self.now, self.waits = 1000.0, []

    def pause(self, seconds):
        self.waits.append(seconds)
        self.now += seconds

    def __call__(self):
        return self.now
