"""docs/TUTORIAL.md as files: the recipe, the recipe with every setting right, and with picket_altcp."""
import re

from . import listings

TEXT = listings.page("docs/TUTORIAL.md")
ALL = listings.listings(TEXT)
NO_DATES = "#undef MBEDTLS_HAVE_TIME_DATE\n"


def step(number):
    """Its text."""
    return re.search(rf"^## {number}\. .*?(?=^## |\Z)", TEXT, re.M | re.S)[0]


def files(first, last):
    """What the listings of these steps make."""
    made = {}
    for number in range(first, last + 1):
        for listing in listings.listings(step(number)):
            if listing.language != "sh":
                listing.apply(made)
    return made


def recipe():
    made = {}
    for listing in ALL:
        if listing.how is None and listing.language != "sh" and listing.name not in ("clock.c", "get.c"):
            listing.apply(made)
    return made


def mended():
    made = files(1, 10)
    assert f"Delete the line `{NO_DATES.strip()}`" in TEXT
    made["mbedtls_user.h"] = made["mbedtls_user.h"].replace(NO_DATES, "")
    return made


def picket():
    """As it is in the end, nothing deleted."""
    made = mended()
    for number in (11, 12, 13):
        for listing in listings.listings(step(number)):
            listing.apply(made)
    assert 'Add `#include "picket/altcp.h"` to `fetch.c`' in TEXT
    last = '#include "lwip/dns.h"\n'
    made["fetch.c"] = made["fetch.c"].replace(last, f'{last}#include "picket/altcp.h"\n')
    return made
