#!/usr/bin/env python3
"""Makes the PDF files of tests/files: real ones by reportlab, fpdf2, pypdf and pikepdf (qpdf), hostile ones byte by byte.

Needs: pip install reportlab fpdf2 pypdf pikepdf
"""

import io, os, zlib

import fpdf, pikepdf, pypdf
from reportlab.lib.pagesizes import A4, letter, landscape
from reportlab.pdfgen import canvas

OUT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "files")
os.makedirs(OUT, exist_ok=True)


def out(name):
    return os.path.join(OUT, name)


def write(name, data):
    with open(out(name), "wb") as file:
        file.write(data)


def report():
    """Three pages with bookmarks, a table, two columns, and a landscape page, by reportlab."""
    page = canvas.Canvas(out("report.pdf"), pagesize=A4, invariant=1, pageCompression=1)
    page.setTitle("Harbour report"), page.setAuthor("Ada Müller"), page.setSubject("Ships"), page.setKeywords("harbour, ships")
    page.bookmarkPage("p1"), page.addOutlineEntry("Harbour report", "p1", 0)
    page.setFont("Helvetica-Bold", 22), page.drawString(72, 760, "Harbour report")
    page.setFont("Helvetica", 11)
    for i, line in enumerate(["The harbour of Grünstadt handled 1,204 ships in 2025,", "more than ever before. Most of them carried grain."]):
        page.drawString(72, 730 - 14 * i, line)
    page.setFont("Helvetica-Bold", 15), page.drawString(72, 680, "Cargo by month")
    page.setFont("Helvetica", 11)
    for i, row in enumerate([("Month", "Ships", "Tonnes"), ("January", "98", "12,400"), ("February", "87", "9,950")]):
        for x, cell in zip((72, 200, 300), row):
            page.drawString(x, 655 - 16 * i, cell)
    page.drawString(72, 580, "• grain from the north"), page.drawString(72, 566, "• timber")
    page.setFont("Courier", 10), page.drawString(72, 530, "ship --list"), page.drawString(72, 518, "ship --sort tonnes")
    page.showPage()
    page.bookmarkPage("p2"), page.addOutlineEntry("Details", "p2", 0)
    page.bookmarkPage("timber"), page.addOutlineEntry("Timber", "timber", 1)
    page.setFont("Times-Roman", 11)
    for x, words in ((72, "left one|left two"), (320, "right one|right two")):
        for i, line in enumerate(words.split("|")):
            page.drawString(x, 700 - 14 * i, line)
    page.drawString(72, 640, "Timber came from Lowland"), page.drawString(72, 626, "forests, and the timber price rose.")
    page.showPage()
    page.setPageSize(landscape(letter)), page.bookmarkPage("p3"), page.addOutlineEntry("Appendix", "p3", 0)
    page.setFont("Helvetica", 11), page.drawString(72, 500, "Appendix: tide tables")
    page.saveState(), page.translate(400, 200), page.rotate(90), page.drawString(0, 0, "turned text"), page.restoreState()
    page.save()


def unicode_text():
    """An embedded TrueType font (DejaVu of matplotlib's or of the system) in codes of two bytes with a map, by fpdf2."""
    import fontTools.subset, matplotlib  # noqa: F401  (pip install matplotlib for the font file)

    face = os.path.join(os.path.dirname(matplotlib.__file__), "mpl-data/fonts/ttf/DejaVuSans.ttf")
    pdf = fpdf.FPDF()
    pdf.set_creation_date(__import__("datetime").datetime(2026, 1, 31, 12, tzinfo=__import__("datetime").timezone.utc))
    pdf.add_page(), pdf.add_font("DejaVu", "", face), pdf.set_font("DejaVu", size=14)
    pdf.cell(text="Ελληνικά и русский ﬁ €5"), pdf.ln(), pdf.set_font("Helvetica", size=12), pdf.cell(text="Plain café")
    pdf.output(out("unicode.pdf"))


def variants():
    """The report in other forms: object streams, encrypted by RC4 and AES, rotated, cut, by qpdf and pypdf."""
    with pikepdf.open(out("report.pdf")) as pdf:
        pdf.save(out("objects.pdf"), object_stream_mode=pikepdf.ObjectStreamMode.generate, deterministic_id=True)
        for name, r, aes in (("rc4.pdf", 3, False), ("aes128.pdf", 4, True), ("aes256.pdf", 6, True)):
            pdf.save(out(name), encryption=pikepdf.Encryption(owner="owner", user="secret", R=r, aes=aes, metadata=aes))
        pdf.save(out("open.pdf"), encryption=pikepdf.Encryption(owner="owner", user="", R=6))
    writer = pypdf.PdfWriter(clone_from=out("report.pdf"))
    writer.pages[0].rotate(90)
    writer.write(out("rotated.pdf"))
    whole = open(out("report.pdf"), "rb").read()
    write("cut.pdf", whole[: len(whole) * 6 // 10])
    write("prefix.pdf", b"\nsome mail header\n" + whole)


def pdf_of(objects, trailer=b"", prev=None):
    """A file of numbered objects with a correct table."""
    data, offsets = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", {}
    for number, body in objects.items():
        offsets[number] = len(data)
        data += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start, size = len(data), max(objects) + 1
    data += b"xref\n0 1\n0000000000 65535 f \n" + b"".join(b"%d 1\n%010d 00000 n \n" % item for item in offsets.items())
    data += b"trailer\n<< /Size %d /Root 1 0 R %s >>\nstartxref\n%d\n%%%%EOF\n" % (size, trailer, start)
    return data


def stream(data, entries=b"", length=None):
    return b"<< /Length %d %s >>\nstream\n%s\nendstream" % (len(data) if length is None else length, entries, data)


FONT = b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>"
SHOW = b"BT /F1 12 Tf 72 700 Td (Hello, page) Tj ET"


def simple(content=None, font=FONT, more=None, count=1, kids=b"[3 0 R]", page=b"", **options):
    objects = {
        1: b"<< /Type /Catalog /Pages 2 0 R >>",
        2: b"<< /Type /Pages /Kids %s /Count %d >>" % (kids, count),
        3: b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> %s >>" % page,
        4: content if content is not None else stream(SHOW),
        5: font,
    }
    objects.update(more or {})
    return pdf_of(objects, **options)


def cmap(body, more=b""):
    return stream(b"/CIDInit /ProcSet findresource begin 12 dict begin begincmap 1 begincodespacerange <00> <ff> endcodespacerange " + body + b" endcmap end end")


def outlines():
    """Bookmarks with an address, with a name from a dictionary, in a loop, and too deep."""
    catalog = b"<< /Type /Catalog /Pages 2 0 R /Outlines 20 0 R /Dests << /here [3 0 R /Fit] >> >>"
    root = b"<< /First 21 0 R /Last 24 0 R /Count 4 >>"
    entry = b"<< /Title (%s) /Parent 20 0 R %s >>"
    kinds = {
        20: root,
        21: entry % (b"Web", b"/Next 22 0 R /A << /S /URI /URI (https://example.com/) >>"),
        22: entry % (b"Named", b"/Next 23 0 R /Dest /here"),
        23: entry % (b"Number", b"/Next 24 0 R /A << /S /GoTo /D [0 /Fit] >>"),
        24: entry % (b"Nowhere", b"/Dest [99 0 R /Fit]"),
    }
    write("outline_kinds.pdf", simple(more={1: catalog, **kinds}))
    kinds[24] = entry % (b"Again", b"/Next 21 0 R /First 22 0 R")
    write("outline_loop.pdf", simple(more={1: catalog, **kinds}))
    deep = {n: b"<< /Title (%d) /First %d 0 R >>" % (n, n + 1) for n in range(21, 80)}
    write("outline_deep.pdf", simple(more={1: catalog, 20: root, **deep}))
    wide = {n: b"<< /Title (%d) /Next %d 0 R >>" % (n, n + 1) for n in range(21, 10_050)}
    packed(wide, 1, catalog, root)
    names = {n: b"<< /Kids [%d 0 R %d 0 R] >>" % (n + 1, 30) for n in range(30, 40)}
    tree = catalog.replace(b"/Dests", b"/Names << /Dests 30 0 R >> /Old")
    write("names_loop.pdf", simple(more={1: tree, **kinds, **names}))


def packed(objects, root, catalog, outlines):
    """Many small objects in a stream of objects, by qpdf."""
    data = simple(more={1: catalog, 20: outlines, **objects})
    with pikepdf.open(io.BytesIO(data)) as pdf:
        pdf.save(out("outline_many.pdf"), object_stream_mode=pikepdf.ObjectStreamMode.generate, deterministic_id=True)


def often():
    """One page that the tree has 2,000 times, with a dictionary of 2,000 entries."""
    entries = b"".join(b"/K%d 0 " % n for n in range(2_000))
    write("page_often.pdf", simple(kids=b"[" + b"3 0 R " * 2_000 + b"]", count=2_000, page=b"/X << " + entries + b">>"))


def tables():
    """Tables of objects that lie."""
    def with_stream(entries, data=bytes(100)):
        body = b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog /Pages 2 0 R >>\nendobj\n2 0 obj\n<< /Type /Pages /Kids [] /Count 0 >>\nendobj\n"
        table = b"9 0 obj\n" + stream(data, b"/Type /XRef /Root 1 0 R " + entries) + b"\nendobj\n"
        return body + table + b"startxref\n%d\n%%%%EOF\n" % len(body)

    write("table_endless.pdf", with_stream(b"/Size 4294967295 /W [0 0 0] /Index [0 4294967295]"))
    write("table_wide.pdf", with_stream(b"/Size 10 /W [9223372036854775807 9223372036854775807 2]"))
    write("table_empty.pdf", with_stream(b"/Size 0 /W [1 2 1] /Index [0 0]"))
    write("table_bomb.pdf", with_stream(b"/Size 10 /W [1 2 1] /Filter /FlateDecode", zlib.compress(bytes(48 << 20), 9)))
    write("predictor.pdf", with_stream(b"/Size 10 /W [1 2 1] /Filter /FlateDecode /DecodeParms << /Predictor 12 /Columns 2147483647 /Colors 32 /BitsPerComponent 16 >>", zlib.compress(bytes(4000))))
    whole = simple()
    write("table_long.pdf", whole.replace(b"xref\n0 1\n", b"xref\n0 4294967295\n"))
    own = b"<< /Type /ObjStm /N 2 /First 8 /Extends 7 0 R"
    write("object_stream_loop.pdf", simple(more={7: stream(b"7 0 8 0 << /A 7 0 R >>", own.replace(b"<< ", b""))}))


def hostile():
    flate = b"/Filter /FlateDecode"
    write("hundred_thousand.pdf", simple(count=100000))
    write("tree_loop.pdf", simple(kids=b"[3 0 R 6 0 R]", more={6: b"<< /Type /Pages /Parent 2 0 R /Kids [2 0 R] /Count 1 >>"}))
    chain = {n: b"<< /Type /Pages /Kids [%d 0 R] /Count 1 >>" % (n + 1) for n in range(10, 210)}
    write("tree_deep.pdf", simple(kids=b"[10 0 R]", more={**chain, 210: b"<< /Type /Page >>"}))
    write("page_bomb.pdf", simple(stream(zlib.compress(b"q " * (32 << 20), 9), flate)))
    twice = zlib.compress(zlib.compress(bytes(256 << 20), 9), 9)
    write("page_bomb_twice.pdf", simple(stream(twice, b"/Filter [/FlateDecode /FlateDecode]")))
    bomb = zlib.compress(b"6 0 " + b" " * (64 << 20), 9)
    write("object_bomb.pdf", simple(more={7: stream(bomb, b"/Type /ObjStm /N 1 /First 4 " + flate)}))
    whole = simple()
    at = whole.rindex(b"xref\n0 1")
    write("prev_loop.pdf", whole.replace(b"/Root 1 0 R", b"/Root 1 0 R /Prev %d" % at))
    write("prev_outside.pdf", whole.replace(b"/Root 1 0 R", b"/Root 1 0 R /Prev 99999999"))
    chain = {n: b"%d 0 R" % (n + 1) for n in range(10, 400)}
    write("chain.pdf", simple(page=b"/Rotate 10 0 R", more={**chain, 400: b"90"}))
    write("chain_loop.pdf", simple(page=b"/Rotate 10 0 R", more={10: b"11 0 R", 11: b"10 0 R"}))
    deep = 10_000
    write("deep_array.pdf", simple(page=b"/X " + b"[" * deep + b"]" * deep))
    write("deep_dictionary.pdf", simple(more={6: b"<</A" * deep + b" 1" + b">>" * deep}))
    write("deep_100.pdf", simple(more={6: b"<</A " * 99 + b"[" * 0 + b" 1" + b">>" * 99}))
    write("deep_string.pdf", simple(more={6: b"(" * deep + b")" * deep}))
    write("deep_content.pdf", simple(stream(b"[" * deep + b"]" * deep + b" TJ " + SHOW)))
    write("lying_length.pdf", simple(stream(SHOW, length=5)))
    write("lying_length_long.pdf", simple(stream(SHOW, length=999999)))
    write("length_loop.pdf", simple(b"<< /Length 4 0 R >>\nstream\n" + SHOW + b"\nendstream"))
    mapped = b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /ToUnicode 6 0 R >>"
    write("map_broken.pdf", simple(font=mapped, more={6: cmap(b"2 beginbfchar <48> <zz> <65 endbfchar ((( <6c> [ <")}))
    write("map_huge.pdf", simple(font=mapped, more={6: cmap(b"1 beginbfrange <0000> <ffffffff> <0041> endbfrange " * 200)}))
    write("map_long.pdf", simple(stream(b"BT /F1 12 Tf " + b"(" + b"H" * 20000 + b") Tj ET"), font=mapped,
                                 more={6: cmap(b"1 beginbfchar <48> <" + b"0041" * 250 + b"> endbfchar ")}))
    tex = b"<< /Type /Font /Subtype /Type1 /BaseFont /ABCDEF+CMSY10 /FontDescriptor 6 0 R >>"
    program = b"%!PS-AdobeFont-1.0: CMSY10\n/Encoding 256 array\n0 1 255 {1 index exch /.notdef put} for\ndup 15 /bullet put\ndup 72 /quotedblleft put\nreadonly def\ncurrentfile eexec\n"
    shown = stream(b"BT /F1 12 Tf 72 700 Td (\\017H\\016) Tj ET")
    descriptor = b"<< /Type /FontDescriptor /FontName /ABCDEF+CMSY10 /FontFile 7 0 R >>"
    write("built_in.pdf", simple(shown, font=tex, more={6: descriptor, 7: stream(program)}))
    bomb = stream(zlib.compress(program + bytes(32 << 20), 9), flate)
    write("font_bomb.pdf", simple(font=tex, more={6: descriptor, 7: bomb}))
    many = b"".join(b"/F%d << /Type /Font /Subtype /Type1 /BaseFont /Courier >> " % n for n in range(600))
    use = stream(b"BT " + b"".join(b"/F%d 9 Tf " % n for n in range(600)) + b"ET")
    fonts = b"/Resources << /Font << " + many + b" >> >>"
    write("fonts.pdf", simple(use, page=fonts))
    no_map = b"<< /Type /Font /Subtype /Type0 /BaseFont /Nothing /Encoding /Identity-H /DescendantFonts [ << /Type /Font /Subtype /CIDFontType2 >> ] >>"
    write("no_map.pdf", simple(font=no_map))
    self_form = b"/Type /XObject /Subtype /Form /BBox [0 0 1 1] /Resources << /XObject << /A 6 0 R >> >>"
    write("form_loop.pdf", simple(stream(b"/A Do"), page=b"/Resources << /XObject << /A 6 0 R >> >>", more={6: stream(b"/A Do /A Do", self_form)}))
    write("syntax.pdf", simple(stream(SHOW + b" ]]]] )) >> " + SHOW)))
    write("nan.pdf", simple(stream(b"1e38 0 0 99999999999999999999999999999999999999999 0 0 cm " + SHOW)))
    outlines(), tables(), often()
    write("no_pages.pdf", pdf_of({1: b"<< /Type /Catalog >>"}))
    write("only_header.pdf", b"%PDF-1.7\n")
    write("empty.pdf", b"")
    write("picture.pdf", b"\x89PNG\r\n\x1a\n" + bytes(100))


if __name__ == "__main__":
    report(), unicode_text(), variants(), hostile()
