"""Which programs are not people, by the name they give themselves.

Whoever looks at a page to read it for somebody else is not looking. Honest
robots say so, and the word is nearly always one of these; a program that hides
among browsers cannot be told from its name, and this promises nothing about it.
"""

import re

WORDS = [
    # Said by most: Googlebot, GPTBot, "robot"; but CUBOT makes phones.
    r"(?<!cu)bot",
    r"crawl",
    r"spider",
    r"scrap(?:er|y)",
    r"slurp",
    r"archiver",
    r"fetcher",
    r"monitor",
    r"validator",
    r"preview",
    # Robots of search engines and social networks that use none of those.
    r"mediapartners-google",
    r"google-inspectiontool",
    r"facebookexternalhit",
    r"meta-external",
    r"whatsapp/",
    # Browsers without anybody in front of them.
    r"headless",
    r"phantomjs",
    r"puppeteer",
    r"playwright",
    r"selenium",
    r"lighthouse",
    r"pagespeed",
    # Scripts. What native apps are made with (okhttp, Dart, CFNetwork) is not here.
    r"^python|python-",
    r"^curl/",
    r"^wget/",
    r"^go-http-client",
    r"^apache-httpclient",
]
ROBOT = re.compile("|".join(WORDS), re.IGNORECASE)


def is_robot(user_agent: str) -> bool:
    """Whether this is the name of a robot, or none: browsers and apps give one."""
    return not user_agent.strip() or ROBOT.search(user_agent) is not None
