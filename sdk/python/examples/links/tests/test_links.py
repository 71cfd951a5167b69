import unittest

import plugin  # noqa: F401  (declares the tools)
from tandem_sdk import Denied, http, testing


class Links(unittest.TestCase):
    def setUp(self) -> None:
        testing.reset()

    def test_titles_are_read_once(self) -> None:
        asked = []

        def answer(method: str, url: str, headers: dict[str, str], body: bytes) -> http.Response:
            asked.append(url)
            return http.Response(200, {}, b"<title>Bread &amp; butter</title>")

        testing.answer_http(answer)
        for _ in range(2):
            self.assertEqual(testing.call("links_title", url="https://a.example.com/").text, "Bread & butter")
        self.assertEqual(len(asked), 1)

    def test_a_refused_host(self) -> None:
        with self.assertRaises(Denied):
            testing.call("links_title", url="https://a.example.com/")
        states = testing.call("links_check", urls=["https://a.example.com/"]).value()["result"]
        self.assertEqual(states[0]["state"], "denied")


if __name__ == "__main__":
    unittest.main()
