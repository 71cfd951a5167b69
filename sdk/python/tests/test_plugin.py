"""Decorated functions as a plugin, called as a host calls them."""

import unittest
from dataclasses import dataclass
from typing import Annotated, Any, Iterator, Optional

from tandem_sdk import (
    Arg, Cancelled, Contents, Ctx, Denied, Image, InvalidArguments, Message, MissingCapability, NotFound, Text, ToolError,
    ToolOutput, Unavailable, cache, client, complete, config, http, invoke, kv, log, prompt, resource, secrets, testing, tool,
)  # fmt: skip
from tandem_sdk.docs import parse


@dataclass
class Weight:
    """What a word weighs."""

    letters: int


class Case(unittest.TestCase):
    def setUp(self) -> None:
        testing.reset()
        testing.forget_plugin()


class Tools(Case):
    def test_a_function_is_a_tool(self) -> None:
        @tool(read_only=True, title="Weigh")
        def weigh(word: Annotated[str, Arg(max_length=5)], twice: bool = False) -> Weight:
            """Weighs a word.

            Args:
                word: The word.
                twice: Whether it counts
                    twice.

            Returns:
                Nothing that a model needs.
            """
            return Weight(len(word) * (2 if twice else 1))

        described = testing.PLUGIN.tools["weigh"]
        self.assertEqual((described.description, described.title, described.read_only), ("Weighs a word.", "Weigh", True))
        self.assertEqual(
            testing.schemas("weigh"),
            (
                {
                    "type": "object",
                    "properties": {
                        "word": {"type": "string", "maxLength": 5, "description": "The word."},
                        "twice": {"type": "boolean", "description": "Whether it counts twice.", "default": False},
                    },
                    "required": ["word"],
                    "additionalProperties": False,
                },
                {
                    "type": "object",
                    "description": "What a word weighs.",
                    "properties": {"letters": {"type": "integer"}},
                    "required": ["letters"],
                },
            ),
        )
        self.assertEqual(testing.call("weigh", word="abc", twice=True).value(), {"letters": 6})
        self.assertEqual(weigh("ab"), Weight(2))
        with self.assertRaisesRegex(InvalidArguments, "^/word: expected at most 5 characters, not 6$"):
            testing.call("weigh", word="abcdef")
        with self.assertRaisesRegex(NotFound, "no tool `nothing`"):
            testing.call("nothing")

    def test_results(self) -> None:
        answers: dict[type | Any, Any] = {
            str: "text", None: None, int: 1, list[int]: [1], Optional[Weight]: None, dict[str, int]: {"a": 1},
            Image: Image(b"x", "image/png"), list[Text | Image]: [Text("a")], ToolOutput: ToolOutput([], {"a": 1}),
        }  # fmt: skip
        made = []
        for number, (hint, value) in enumerate(answers.items()):

            def answer() -> Any:
                """Answers."""
                return value  # noqa: B023

            answer.__annotations__["return"] = hint
            tool(name=f"t{number}")(answer)
            output = testing.call(f"t{number}")
            made.append((len(output.content), output.value(), testing.schemas(f"t{number}")[1] is not None))
        self.assertEqual(
            made,
            [
                (1, None, False), (0, None, False), (0, {"result": 1}, True), (0, {"result": [1]}, True),
                (0, {"result": None}, True), (0, {"a": 1}, True), (1, None, False), (1, None, False), (0, {"a": 1}, False),
            ],
        )  # fmt: skip

    def test_a_tool_says_whether_its_calls_become_tasks(self) -> None:
        for given, said in [(True, "optional"), (False, "forbidden"), ("optional", "optional"), ("required", "required")]:
            testing.forget_plugin()
            tool(name="one", task=given, meta={"vendor/key": 1})(stale_free)  # type: ignore[call-overload]
            self.assertEqual(testing.PLUGIN.tools["one"].meta, {"vendor/key": 1, "tandem/task": said})
        tool(name="two", task=True)(stale_free)
        self.assertEqual(testing.PLUGIN.tools["two"].meta, {"tandem/task": "optional"})
        tool(name="three")(stale_free)
        self.assertIsNone(testing.PLUGIN.tools["three"].meta)
        with self.assertRaisesRegex(TypeError, "`task` is True, False, .* not 'maybe'"):
            tool(name="four", task="maybe")(stale_free)  # type: ignore[call-overload]

    def test_what_is_wrong_is_said_where_it_is_declared(self) -> None:
        def bare(a: int) -> None: ...

        def untyped(a) -> None:  # type: ignore[no-untyped-def]
            """Does."""

        def endless(*a: int) -> None:
            """Does."""

        def silent(a: int):  # type: ignore[no-untyped-def]
            """Does."""

        def stale(a: int) -> None:
            """Does.

            Args:
                b: It was renamed.
            """

        async def later() -> None:
            """Does."""

        for function, why in [
            (bare, "docstring"), (untyped, "`a` needs a type"), (endless, "by name"), (silent, "result type"),
            (stale, "describes `b`"), (later, "async"),
        ]:  # fmt: skip
            with self.assertRaisesRegex(TypeError, f"{function.__name__}: .*{why}"):
                tool(function)
        tool(name="one")(stale_free)
        with self.assertRaisesRegex(TypeError, "already one of the name 'one'"):
            tool(name="one")(stale_free)
        with self.assertRaisesRegex(TypeError, "no name of a tool"):
            tool(name="one two")(stale_free)

    def test_the_context(self) -> None:
        @tool
        def count(ctx: Ctx, to: int) -> str:
            """Counts."""
            for n in range(to):
                ctx.check()
                ctx.progress(n + 1, to, "on")
            return f"{ctx.principal.tenant} {ctx.id} {ctx.remaining() > 1}"

        self.assertEqual(testing.call("count", to=2).text, "default local True")
        self.assertEqual(testing.state().progress, [(1.0, 2.0, "on"), (2.0, 2.0, "on")])
        testing.state().cancelled = True
        with self.assertRaises(Cancelled):
            testing.call("count", to=2)


def stale_free() -> None:
    """Does."""


class Others(Case):
    def test_resources(self) -> None:
        @resource("lib://help", mime_type="text/plain")
        def help() -> str:
            """How to."""
            return "ask"

        @resource("lib://{shelf}/{number}")
        def book(shelf: str, number: int) -> Contents:
            return Contents("lib://x", f"{shelf} {number + 1}".encode())

        self.assertEqual(testing.read("lib://help"), [Contents("lib://help", "ask", "text/plain")])
        self.assertEqual(testing.read("lib://a%20b/7")[0].body, b"a b 8")
        for uri in ["lib://a/b/c", "lib://a", "lib:///7", "lib://%ff/7", "lib://a/x", "lib://{shelf}/{number}"]:
            with self.assertRaises(NotFound, msg=uri):
                testing.read(uri)
        with self.assertRaisesRegex(TypeError, "variables of `lib://{a}`"):
            resource("lib://{a}")(stale_free)

    def test_prompts_and_completions(self) -> None:
        @prompt
        def ask(topic: str, words: int = 10) -> list[Message]:
            """Asks.

            Args:
                topic: About what.
            """
            return [Message(f"{topic} in {words}"), Message("Well.", "assistant")]

        @complete(prompt="ask", argument="topic")
        def topics(value: str, settled: dict[str, str]) -> list[str]:
            return [value + str(n) for n in range(101)] + list(settled)

        self.assertEqual(testing.PLUGIN.prompts["ask"].arguments, [("topic", "About what.", True), ("words", None, False)])
        made = testing.prompt("ask", topic="rain", words="5")
        self.assertEqual((made.messages[0].content, made.messages[1].role), ("rain in 5", "assistant"))
        with self.assertRaisesRegex(InvalidArguments, "^/words: expected an integer"):
            testing.prompt("ask", topic="rain", words="many")
        with self.assertRaisesRegex(InvalidArguments, "^/topic: it is missing"):
            testing.prompt("ask")
        completion = testing.complete("topic", "a", prompt="ask", words="5")
        self.assertEqual((len(completion.values), completion.total, completion.has_more), (100, 102, True))
        self.assertEqual(testing.complete("words", "1", prompt="ask").values, [])


class Host(Case):
    def test_stores(self) -> None:
        kv.set_many({"a/1": b"x", "a/2": b"y", "b": b"z"})
        self.assertEqual((list(kv.keys("a/")), kv.get("b"), kv.delete("b"), kv.get("b")), (["a/1", "a/2"], b"z", True, None))
        self.assertEqual((kv.compare_and_set("c", None, b"1"), kv.compare_and_set("c", None, b"2")), (True, False))
        kv.set_json("d", Weight(1))
        self.assertEqual((kv.get_json("d"), kv.get_json("e", [])), ({"letters": 1}, []))
        page = kv.list_keys("", 2)
        self.assertEqual((page.keys, kv.list_keys("", 2, page.next).keys), (["a/1", "a/2"], ["c", "d"]))
        calls: list[int] = []
        for _ in range(2):
            self.assertEqual(cache.get_or_set("k", lambda: calls.append(1) or Weight(2)), {"letters": 2})
        self.assertEqual(len(calls), 1)

    def test_refusals_keep_their_kind(self) -> None:
        testing.deny("kv", "invoke")
        for call, kind, reason in [
            (lambda: kv.get("a"), Denied, "denied"),
            (lambda: invoke.call("x"), Denied, "denied"),
            (lambda: secrets.placeholder("x"), Denied, "denied"),
            (lambda: http.get("https://a.example"), Denied, "http-request-denied"),
            (lambda: client.sample("k", "hi"), MissingCapability, "unsupported"),
            (lambda: config.require("x"), ToolError, None),
        ]:
            with self.assertRaises(kind) as caught:
                call()
            self.assertEqual(caught.exception.reason, reason)
        testing.reset()
        with self.assertRaises(ToolError) as caught:
            kv.set("", b"")
        self.assertEqual((caught.exception.kind, caught.exception.reason), ("other", "too-large"))

    def test_the_rest(self) -> None:
        testing.state().config["a"] = "1"
        self.assertEqual((config.require("a"), config.get("b", "2"), config.all()), ("1", "2", {"a": "1"}))
        log.warning({"a": Weight(1)})
        self.assertEqual(testing.state().log, [("warning", None, '{"a":{"letters":1}}')])
        testing.state().tools["other"] = lambda text: ('[{"type":"text","text":"no"}]', None, "fail" in text)
        self.assertEqual(invoke.call("other", a=1), "no")
        with self.assertRaisesRegex(ToolError, "`other` failed: no"):
            invoke.call("other", fail=True)
        testing.answer_http(lambda method, url, headers, body: http.Response(503, headers, body))
        asked: list[str] = []
        testing.answer_http(lambda method, url, headers, body: asked.append(url) or http.Response(200, {}, b""))
        http.get("https://a.example/?a=b#c", query={"q": "New York&x=1", "n": 2})
        self.assertEqual(asked, ["https://a.example/?a=b&q=New%20York%26x%3D1&n=2#c"])
        testing.answer_http(lambda method, url, headers, body: http.Response(503, headers, body))
        answer = http.post("https://a.example", json={"a": 1})
        self.assertEqual((answer.json(), answer.headers["content-type"]), ({"a": 1}, "application/json"))
        with self.assertRaisesRegex(ToolError, "503"):
            answer.ok()

    def test_several_requests(self) -> None:
        def answer(method: str, url: str, headers: dict[str, str], body: bytes) -> http.Response:
            if url.endswith("/refused"):
                raise Unavailable("no")
            return http.Response(200, {}, body)

        testing.answer_http(answer)
        made = http.send_all([
            http.Request("POST", "https://a.example/", body=(part for part in ("bread ", b"&", " butter"))),
            http.Request("GET", "https://a.example/refused"),
            http.Request("PUT", "https://a.example/", body="much", max_bytes=3),
        ])  # fmt: skip
        self.assertEqual([m.text for m in made if isinstance(m, http.Response)], ["bread & butter"])
        self.assertEqual([(m.kind, m.reason) for m in made if isinstance(m, ToolError)], [("unavailable", None), ("other", "too-large")])
        with self.assertRaises(Unavailable):
            http.get("https://a.example/refused")

        def broken() -> Iterator[bytes]:
            yield b"bread"
            raise ZeroDivisionError

        with self.assertRaises(ZeroDivisionError):
            http.post("https://a.example/", body=broken())

    def test_questions_to_the_client(self) -> None:
        answers = testing.state().answers
        answers["w"] = '{"action":"accept","content":{"letters":3}}'
        answers["no"] = '{"action":"decline"}'
        answers["odd"] = '{"action":"accept","content":{"letters":"x"}}'
        answers["s"] = '{"content":{"type":"text","text":"hello"}}'
        self.assertEqual(client.elicit("w", "How many?", Weight), Weight(3))
        self.assertIsNone(client.elicit("no", "How many?", Weight))
        with self.assertRaisesRegex(ToolError, "wrong form: `odd`: /letters"):
            client.elicit("odd", "How many?", Weight)
        self.assertEqual(client.sample("s", "Say hello."), "hello")


class Docs(unittest.TestCase):
    def test_google_and_sphinx(self) -> None:
        google = """Does it.

        More of it
        on two lines.

        Args:
            a (int): One.
            *b: Two,
                and more.

        Raises:
            ValueError: never.

        Example:
            do(1)
        """
        sphinx = """Does it.

        More of it
        on two lines.

        :param int a: One.
        :type a: int
        :param b: Two,
            and more.
        :returns: Nothing,
            at all.
        """
        self.assertEqual(parse(google).parameters, {"a": "One.", "b": "Two, and more."})
        self.assertEqual(parse(google).description, "Does it.\n\nMore of it on two lines.\n\nExample:\ndo(1)")
        self.assertEqual(parse(sphinx).parameters, {"a": "One.", "b": "Two, and more."})
        self.assertEqual(parse(sphinx).description, "Does it.\n\nMore of it on two lines.")
        self.assertEqual(parse(None).description, "")


if __name__ == "__main__":
    unittest.main()
