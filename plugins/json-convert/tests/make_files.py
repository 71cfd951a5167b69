"""Makes the input files of the tests: python3 make_files.py"""

import csv
import json
import pathlib
import xml.etree.ElementTree as tree

FILES = pathlib.Path(__file__).parent / "files"
SHIPS = [
    {"name": "Ada, II", "tons": 12.5, "code": "007", "built": "1999-01-02", "active": True},
    {"name": 'The "Grace"', "tons": 900, "code": "12", "built": "2004-05-06", "active": False},
]


def text(name, content):
    (FILES / name).write_text(content, encoding="utf-8")


def main():
    FILES.mkdir(exist_ok=True)
    text("ships.json", json.dumps({"fleet": "north", "ships": SHIPS}, indent=2))
    text("ships.jsonl", "".join(json.dumps(ship) + "\n" for ship in SHIPS))
    with open(FILES / "ships.csv", "w", newline="", encoding="utf-8-sig") as out:
        table = csv.DictWriter(out, SHIPS[0].keys())
        table.writeheader()
        table.writerows({**ship, "active": json.dumps(ship["active"])} for ship in SHIPS)
    root = tree.Element("fleet", name="north & west")
    for ship in SHIPS:
        element = tree.SubElement(root, "ship", code=ship["code"])
        tree.SubElement(element, "name").text = ship["name"]
        tree.SubElement(element, "tons").text = str(ship["tons"])
    tree.indent(root)
    tree.ElementTree(root).write(FILES / "ships.xml", encoding="UTF-8", xml_declaration=True)
    text(
        "settings.yaml",
        "# The port.\nport: &port\n  open: true\n  limit: 0x1F\nnight:\n  <<: *port\n  open: no\nnote: |\n  two\n  lines\nday: 2026-12-02\n",
    )
    text(
        "settings.toml",
        'title = "Port"\nopened = 2026-12-02T10:00:00Z\n\n[port]\nopen = true\nlimit = 0x1F\n\n[[berth]]\nid = 1\n\n[[berth]]\nid = 2\n',
    )
    text("letter.txt", "Dear {{ name }}")
    (FILES / "latin1.yaml").write_bytes("name: Grün\n".encode("latin-1"))

    # Hostile ones.
    text(
        "aliases.yaml",
        "a: &a [x, x, x, x, x, x, x, x, x, x]\n"
        + "".join(f"{new}: &{new} [{', '.join(['*' + old] * 10)}]\n" for old, new in zip("abcdefgh", "bcdefghi")),
    )
    text(
        "many.yaml",
        "a: &a [x, x, x, x, x, x, x, x, x, x]\n"
        + "".join(f"{new}: &{new} [{', '.join(['*' + old] * 10)}]\n" for old, new in zip("ab", "bc"))
        + f"d: [{', '.join(['*c'] * 60)}]\n",
    )
    text(
        "entities.xml",
        '<?xml version="1.0"?>\n<!DOCTYPE a [\n  <!ENTITY e0 "ha">\n'
        + "".join(f'  <!ENTITY e{n} "{f"&e{n - 1};" * 10}">\n' for n in range(1, 10))
        + "]>\n<a>&e9;</a>\n",
    )
    text("deep.yaml", "[" * 1000)
    text("steps.yaml", "".join("  " * level + "a:\n" for level in range(100)))
    text("deep.toml", "a = " + "[" * 500 + "]" * 500)
    text("dots.toml", "a" + ".a" * 2000 + " = 1\n")
    text("parts.toml", "a=[" + "''," * 150_000 + "]")
    text("deep.xml", "<a>" * 500 + "</a>" * 500)
    text("levels60.yaml", "[" * 60 + "]" * 60)
    text("levels60.json", "[" * 60 + "]" * 60)
    text("levels98.json", "[" * 98 + "]" * 98)
    text("cut.json", '{"a": [' * 49)
    text("open.json", "[" * 1000)
    text("wide.json", json.dumps([{f"c{n}": 1} for n in range(1001)]))
    text("square.json", json.dumps([{f"c{n}": 1} for n in range(900)] + [{}] * 300))
    text("indent.json", "[" * 98 + ",".join("0" * 11000) + "]" * 98)
    text("header.csv", "n" * 10000 + "\n" + "1\n" * 3500)


main()
