"""kill -9 at random moments of a mailing under way: 3 times, or as often as BEDEL_KILLS says."""

import crash
from campus import Campus


def tell(report):
    kills = crash.times("BEDEL_KILLS", 3)
    with Campus(contacts=crash.contacts(kills), shaping=crash.shaping(kills), keep_messages=False) as campus:
        crash.story(report, campus, kills, lambda campus: campus.kill_gateway(), "kill -9")
