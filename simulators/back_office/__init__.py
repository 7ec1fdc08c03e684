"""The back office (后台): the other side of our API, and its reference implementation.

Read in this order: ``contract`` (what is sent and answered), ``operations`` (the API's table),
``app`` (token, limits, idempotency, faults of the bench), then the desks that do the work:
``registers`` (people and permits), ``acceptance`` (cases and their history), ``tariff`` and
``bills`` (what is owed), ``payments`` with ``merchant`` (what was paid), ``decision`` (whether to
issue, and the endorsement itself), ``reports`` (what kiosks tell). ``store`` holds the tables.
"""
