"""Sample sites with invented content, served over HTTPS under their own authority, for demo and tests.

``python -m samples --folder DIR`` serves them all on one loopback port; ``samples.sites.SampleSites`` does so in a
test. What the sites hold on each of their two days is written down in ``samples.expected``, how to collect them
in ``watchlist.yaml`` and, for those that misbehave, in ``watchlist-trouble.yaml``.

    content/    the words: channels, articles, hearings, and what changes on day 2
    templates/  the markup: layouts of 2026 as in the captured material
    media/      pictures, videos, voice messages and documents, drawn or computed at run time
    telegram/ news/ courts/ wanted/ notices trouble damaged    the sites, each a function from request to answer
    server wire authority clock sites                  what carries them
"""
