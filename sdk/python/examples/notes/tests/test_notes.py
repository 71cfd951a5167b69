import unittest

import plugin
from tandem_sdk import NotFound, testing


class Notes(unittest.TestCase):
    def setUp(self) -> None:
        testing.reset()

    def test_a_note_is_kept_and_found(self) -> None:
        testing.call("notes_put", note={"title": "rain", "text": "It rains.", "tags": ["weather"]})
        self.assertEqual(testing.call("notes_get", title="rain").structured, plugin.Note("rain", "It rains.", tags=["weather"]))
        self.assertEqual(testing.call("notes_list", tag="weather").value(), {"titles": ["rain"]})
        self.assertEqual(testing.read("notes://rain")[0].body, "It rains.")
        self.assertIn("in French", testing.prompt("summarize_note", title="rain", language="French").messages[0].content)
        self.assertEqual(testing.complete("title", "r", prompt="summarize_note").values, ["rain"])

    def test_a_missing_note_is_not_found(self) -> None:
        with self.assertRaises(NotFound):
            testing.call("notes_get", title="rain")


if __name__ == "__main__":
    unittest.main()
