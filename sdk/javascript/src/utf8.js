// UTF-8, where the engine has no TextEncoder. Ill-formed bytes become U+FFFD, as the Encoding standard has it.

/** A text as bytes. */
export function encode(text) {
  if (typeof TextEncoder === "function") return new TextEncoder().encode(text);
  // encodeURIComponent throws on a lone surrogate.
  const escaped = encodeURIComponent(text.toWellFormed ? text.toWellFormed() : text);
  const bytes = [];
  for (let i = 0; i < escaped.length; i++) {
    if (escaped[i] === "%") {
      bytes.push(Number.parseInt(escaped.slice(i + 1, i + 3), 16));
      i += 2;
    } else bytes.push(escaped.charCodeAt(i));
  }
  return Uint8Array.from(bytes);
}

/** Bytes as a text. */
export function decode(bytes) {
  if (typeof TextDecoder === "function") return new TextDecoder().decode(bytes);
  let text = "";
  for (let i = 0; i < bytes.length; ) {
    const lead = bytes[i];
    const size = lead < 0x80 ? 1 : lead >= 0xc2 && lead < 0xe0 ? 2 : lead >= 0xe0 && lead < 0xf0 ? 3 : lead >= 0xf0 && lead < 0xf5 ? 4 : 0;
    let code = size === 1 ? lead : lead & (0x7f >> size);
    let used = 1;
    for (; used < size; used++) {
      const next = bytes[i + used];
      const low = used > 1 ? 0x80 : lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80;
      const high = used > 1 ? 0xbf : lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf;
      if (next === undefined || next < low || next > high) break;
      code = (code << 6) | (next & 0x3f);
    }
    text += size === 0 || used < size ? "\ufffd" : String.fromCodePoint(code);
    i += used;
  }
  return text;
}
