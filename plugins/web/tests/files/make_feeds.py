"""Makes the feeds of the tests with feedgen (pip install feedgen), and the sitemap that is packed by gzip."""

import gzip
import pathlib
from datetime import datetime, timezone

from feedgen.feed import FeedGenerator

HERE = pathlib.Path(__file__).parent

feed = FeedGenerator()
feed.load_extension("dc")
feed.load_extension("podcast")
feed.id("https://tea.test/")
feed.title("Tea & more")
feed.subtitle("News of <tea>")
feed.link(href="https://tea.test/", rel="alternate")
feed.link(href="https://tea.test/feed", rel="self")
feed.language("en")
feed.updated(datetime(2026, 2, 1, 8, 0, tzinfo=timezone.utc))
feed.pubDate(datetime(2026, 2, 1, 8, 0, tzinfo=timezone.utc))
feed.lastBuildDate(datetime(2026, 2, 1, 8, 0, tzinfo=timezone.utc))
for number in (1, 2, 3):
    entry = feed.add_entry(order="append")
    entry.id(f"https://tea.test/{number}")
    entry.title(f"Cup {number} <hot>" if number == 1 else f"Cup {number}")
    entry.link(href=f"https://tea.test/{number}")
    entry.author({"name": "Ada", "email": "ada@tea.test"})
    entry.category(term="tea")
    entry.published(datetime(2026, 1, 30 - number, 12, 30, tzinfo=timezone.utc))
    entry.updated(datetime(2026, 1, 31 - number, 12, 30, tzinfo=timezone.utc))
    entry.summary(f"About cup {number}.")
    entry.content(f"<p>The <b>{number}.</b> cup.</p><script>alert(1)</script>", type="html")
    entry.enclosure(f"https://tea.test/{number}.mp3", "4096", "audio/mpeg")
feed.atom_file(str(HERE / "atom.xml"), pretty=True)
feed.rss_file(str(HERE / "rss.xml"), pretty=True)

urls = "".join(f"<url><loc>https://tea.test/{n}</loc><lastmod>2026-01-{n:02}</lastmod></url>" for n in range(1, 31))
text = f'<?xml version="1.0" encoding="UTF-8"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{urls}</urlset>'
(HERE / "sitemap.xml.gz").write_bytes(gzip.compress(text.encode(), mtime=0))
(HERE / "cut.xml.gz").write_bytes(gzip.compress(text.encode(), mtime=0)[:200])
many = "<urlset>" + "<url><loc>https://tea.test/</loc></url>" * 50001 + "</urlset>"
(HERE / "many.xml.gz").write_bytes(gzip.compress(many.encode(), mtime=0))
# A few kilobytes that unpack to 20 MiB.
(HERE / "bomb.xml.gz").write_bytes(gzip.compress(b"<urlset>" + b" " * (20 << 20), mtime=0))
