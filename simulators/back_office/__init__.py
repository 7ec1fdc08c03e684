"""The back office (后台): the other side of our API, and its reference implementation.

Read in this order: ``contract`` (what is sent and answered), ``operations`` (the API's table),
``app`` (token, limits, idempotency, faults of the bench), then the desks that do the work:
``registers`` (people and permits), ``acceptance`` (cases and their history), ``tariff`` and
``bills`` (what is owed), ``payments`` and ``refunds`` over ``orders`` and ``merchant`` (what was
paid and given back), ``decision`` with ``chip`` (whether to issue, and what then stands on the card),
``reports`` (what kiosks tell). ``store`` holds the tables.
"""
