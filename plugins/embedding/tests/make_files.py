#!/usr/bin/env python3
"""Makes the models and texts of the tests with model2vec, tokenizers and safetensors of PyPI, and prints the vectors that model2vec
computes; the hostile ones byte by byte."""

import hashlib, json, os, shutil, struct
import numpy as np
from model2vec import StaticModel
from safetensors.numpy import save_file
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

HERE = os.path.dirname(os.path.abspath(__file__))
FILES, MODELS = os.path.join(HERE, "files"), os.path.join(HERE, "models")
WORDS = "the a whale whales sea ship sail ##s ##ing ##ed in of and on deep blue cold north south wind storm port . , ! cafe 1851".split()
TEXTS = ["The whale in the deep blue sea.", "Sailing ships", "Café, 1851!", "xyzzy quux", ""]


def word_piece():
    vocab = {token: at for at, token in enumerate(["[PAD]", "[UNK]", "[CLS]", "[SEP]"] + WORDS)}
    tokenizer = Tokenizer(models.WordPiece(vocab, unk_token="[UNK]", max_input_chars_per_word=100))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)])
    tokenizer.decoder = decoders.WordPiece()
    tokenizer.enable_truncation(8)
    return tokenizer


def trained(model, trainer, **parts):
    tokenizer = Tokenizer(model)
    for name, part in parts.items():
        setattr(tokenizer, name, part)
    tokenizer.train_from_iterator([open(os.path.join(FILES, "guide.md")).read()] * 3, trainer)
    return tokenizer


def matrix(rows, columns=4):
    """Numbers that each type holds exactly."""
    return ((np.arange(rows * columns).reshape(rows, columns) * 37 % 64) - 31).astype(np.float32) / 64


def save(name, vectors, tokenizer, **more):
    model = StaticModel(vectors, tokenizer, **more)
    path = os.path.join(MODELS, name)
    model.save_pretrained(path)
    for extra in ("README.md", "modules.json"):
        os.remove(os.path.join(path, extra))
    print(name, [tokens for tokens in model.tokenize(TEXTS)])
    for text, vector in zip(TEXTS, model.encode(TEXTS)):
        print("   ", repr(text), [str(np.float32(number)) for number in vector])


def copy(name, of="tiny"):
    path = os.path.join(MODELS, name)
    shutil.copytree(os.path.join(MODELS, of), path)
    return path


def write(path, data):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(data if isinstance(data, bytes) else data.encode())


def tensors(name, header, data=b"", length=None):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    length = len(text) if length is None else length
    write(os.path.join(copy(name), "model.safetensors"), struct.pack("<Q", length) + text + data)


def good_models():
    wp, rows = word_piece(), 4 + len(WORDS)
    save("tiny", matrix(rows), wp, normalize=True)
    save("half", matrix(rows).astype(np.float16), wp, normalize=False, max_length=5)
    save("int8", (matrix(rows) * 64).astype(np.int8), wp, normalize=True)
    mapping = np.arange(rows) % 5
    save("mapped", matrix(5), wp, normalize=False, weights=(np.arange(rows) % 4 / 4).astype(np.float32), token_mapping=mapping)
    bpe = trained(models.BPE(), trainers.BpeTrainer(vocab_size=300, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False),
                  pre_tokenizer=pre_tokenizers.ByteLevel(add_prefix_space=False), decoder=decoders.ByteLevel())
    save("bpe", matrix(bpe.get_vocab_size()), bpe, normalize=True)
    # Training does not come out the same twice: a tokenizer that is there is kept, so that its vectors stay.
    unigram = UNIGRAM or trained(
        models.Unigram(), trainers.UnigramTrainer(vocab_size=90, unk_token="<unk>", special_tokens=["<unk>"], show_progress=False),
        normalizer=normalizers.NFKC(), pre_tokenizer=pre_tokenizers.Metaspace(), decoder=decoders.Metaspace())
    save("unigram", matrix(unigram.get_vocab_size()), unigram, normalize=True)


def hostile_models():
    rows = 4 + len(WORDS)
    data = matrix(rows).tobytes()
    info = {"dtype": "F32", "shape": [rows, 4], "data_offsets": [0, len(data)]}
    tensors("header-long", {"embeddings": info}, data, 100_000_000)
    tensors("header-larger", json.dumps({"embeddings": info}).encode().ljust(17_000), data)
    tensors("header-max", {"embeddings": info}, data, 2**64 - 1)
    tensors("header-broken", b'{"embeddings": ', data)
    tensors("offsets-lie", {"embeddings": {**info, "data_offsets": [0, 2**40]}}, data)
    tensors("offsets-back", {"embeddings": {**info, "data_offsets": [len(data), 0]}}, data)
    tensors("shape-lies", {"embeddings": {**info, "shape": [2**31, 2**31]}}, data)
    tensors("data-cut", {"embeddings": info}, data[:-8])
    tensors("other-name", {"weight": info}, data)
    tensors("three-axes", {"embeddings": {**info, "shape": [rows, 2, 2]}}, data)
    tensors("other-type", {"embeddings": {"dtype": "U8", "shape": [rows, 16], "data_offsets": [0, len(data)]}}, data)
    wide = {"dtype": "I8", "shape": [1, 4097], "data_offsets": [0, 4097]}
    tensors("wide", {"embeddings": wide}, bytes(4097))
    few = matrix(rows - 4)
    save_file({"embeddings": few}, os.path.join(copy("few-rows"), "model.safetensors"))
    nan = matrix(rows)
    nan[6, 1] = np.nan
    save_file({"embeddings": nan}, os.path.join(copy("nan"), "model.safetensors"))
    astray = np.full(rows, 99)
    save_file({"embeddings": matrix(5), "mapping": astray}, os.path.join(copy("astray"), "model.safetensors"))
    write(os.path.join(copy("deep"), "tokenizer.json"), '{"model":' + "[" * 10_000 + "]" * 10_000 + "}")
    nested = json.load(open(os.path.join(MODELS, "tiny", "tokenizer.json")))
    for _ in range(10):
        nested["normalizer"] = {"type": "Sequence", "normalizers": [nested["normalizer"]]}
        nested["pre_tokenizer"] = {"type": "Sequence", "pretokenizers": [nested["pre_tokenizer"]]}
    write(os.path.join(copy("nested"), "tokenizer.json"), json.dumps(nested))
    write(os.path.join(copy("no-tokenizer"), "tokenizer.json"), '{"model": {"type": "Magic"}}')
    write(os.path.join(copy("config-broken"), "config.json"), '{"normalize": "perhaps"}')
    os.remove(os.path.join(copy("without"), "model.safetensors"))


def texts():
    write(os.path.join(FILES, "word.txt"), "a" * 300_000)
    write(os.path.join(FILES, "latin1.txt"), "caf\xe9".encode("latin-1"))
    write(os.path.join(FILES, "quotes.md"), ">" * 10_000 + " deep\n")
    rows = [{"id": f"t{at}", "text": text, "lang": "en"} for at, text in enumerate(TEXTS)]
    write(os.path.join(FILES, "texts.jsonl"), "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))
    write(os.path.join(FILES, "broken.jsonl"), '{"text": "whole"}\n{"text": "cut of')
    write(os.path.join(FILES, "list.jsonl"), '["a"]\n')
    write(os.path.join(FILES, "number.jsonl"), '{"text": 5}\n')
    rows = [{"id": f"v{at}", "vector": [at, at / 2, 1.5]} for at in range(7)]
    write(os.path.join(FILES, "vectors.jsonl"), "".join(json.dumps(row) + "\n" for row in rows))
    write(os.path.join(FILES, "uneven.jsonl"), '{"vector": [1, 2]}\n{"vector": [1, 2, 3]}\n')
    write(os.path.join(FILES, "null.jsonl"), '{"vector": [1, null]}\n')
    books = ["The whale swims in the sea", "A ship sails the sea, the sea is cold", "Wind and storm, storm and wind"]
    write(os.path.join(FILES, "books.jsonl"), "".join(json.dumps({"id": at, "text": text}) + "\n" for at, text in enumerate(books)))


def shards():
    whole = open(os.path.join(FILES, "vectors.jsonl"), "rb").read()
    lines = whole.splitlines(keepends=True)

    def folder(name, change=lambda manifest: None, files=lambda files: None):
        parts = {"shard-00000.jsonl": lines[:4], "shard-00001.jsonl": lines[4:]}
        found = [{"file": file, "rows": len(part), "bytes": len(b"".join(part)), "sha256": hashlib.sha256(b"".join(part)).hexdigest()}
                 for file, part in parts.items()]
        manifest = {"format": "tandem-shards", "version": 1, "column": "vector", "dimensions": 3, "rows": len(lines), "bytes": len(whole),
                    "sha256": hashlib.sha256(whole).hexdigest(), "shards": found}
        parts = {file: b"".join(part) for file, part in parts.items()}
        change(manifest)
        files(parts)
        for file, data in parts.items():
            write(os.path.join(FILES, name, file), data)
        write(os.path.join(FILES, name, "manifest.json"), json.dumps(manifest, indent=2) + "\n")

    folder("shards")
    folder("shards-missing", files=lambda files: files.pop("shard-00001.jsonl"))
    folder("shards-changed", files=lambda files: files.update({"shard-00001.jsonl": files["shard-00001.jsonl"].replace(b"1.5", b"2.5")}))
    folder("shards-short", files=lambda files: files.update({"shard-00000.jsonl": files["shard-00000.jsonl"][:-3]}))
    folder("shards-climb", change=lambda manifest: manifest["shards"][0].update(file="../vectors.jsonl"))
    folder("shards-twice", change=lambda manifest: manifest["shards"].append(manifest["shards"][0]))
    folder("shards-rows", change=lambda manifest: manifest["shards"][0].update(rows=3))
    folder("shards-order", change=lambda manifest: manifest["shards"].reverse())
    folder("shards-version", change=lambda manifest: manifest.update(version=9))
    write(os.path.join(FILES, "shards-broken", "manifest.json"), "[" * 10_000)


KEPT = os.path.join(MODELS, "unigram", "tokenizer.json")
UNIGRAM = Tokenizer.from_file(KEPT) if os.path.exists(KEPT) else None
shutil.rmtree(MODELS, ignore_errors=True)
texts()
shards()
good_models()
hostile_models()
