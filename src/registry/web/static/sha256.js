// A worker that computes the SHA-256 (FIPS 180-4) of a file piece by piece: WebCrypto takes whole files only.
const K = new Uint32Array(64);
const INITIAL = new Uint32Array(8);
{
  // The constants are fractional parts of cube and square roots of the first primes.
  const primes = [];
  for (let n = 2; primes.length < 64; n += 1) if (primes.every((p) => n % p)) primes.push(n);
  const fraction = (x) => ((x - Math.floor(x)) * 2 ** 32) | 0;
  primes.forEach((p, i) => { K[i] = fraction(Math.cbrt(p)); if (i < 8) INITIAL[i] = fraction(Math.sqrt(p)); });
}

class Sha256 {
  constructor() {
    this.state = INITIAL.slice();
    this.rest = new Uint8Array(0);
    this.length = 0;
    this.w = new Uint32Array(64);
  }

  update(bytes) {
    this.length += bytes.length;
    const all = new Uint8Array(this.rest.length + bytes.length);
    all.set(this.rest);
    all.set(bytes, this.rest.length);
    const end = all.length - (all.length % 64);
    for (let at = 0; at < end; at += 64) this.block(all, at);
    this.rest = all.slice(end);
  }

  block(bytes, at) {
    const { w, state } = this;
    for (let i = 0; i < 16; i += 1) {
      const p = at + 4 * i;
      w[i] = (bytes[p] << 24) | (bytes[p + 1] << 16) | (bytes[p + 2] << 8) | bytes[p + 3];
    }
    for (let i = 16; i < 64; i += 1) {
      const x = w[i - 15], y = w[i - 2];
      const s0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3);
      const s1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10);
      w[i] = (w[i - 16] + s0 + w[i - 7] + s1) | 0;
    }
    let [a, b, c, d, e, f, g, h] = state;
    for (let i = 0; i < 64; i += 1) {
      const s1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
      const t1 = (h + s1 + ((e & f) ^ (~e & g)) + K[i] + w[i]) | 0;
      const s0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
      const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
      h = g; g = f; f = e; e = (d + t1) | 0; d = c; c = b; b = a; a = (t1 + t2) | 0;
    }
    [a, b, c, d, e, f, g, h].forEach((value, i) => { state[i] += value; });
  }

  digest() {
    const bits = this.length * 8;
    const padding = new Uint8Array(((this.rest.length < 56 ? 56 : 120) - this.rest.length) + 8);
    padding[0] = 0x80;
    const view = new DataView(padding.buffer);
    view.setUint32(padding.length - 8, Math.floor(bits / 2 ** 32));
    view.setUint32(padding.length - 4, bits >>> 0);
    this.update(padding);
    return [...this.state].map((word) => word.toString(16).padStart(8, "0")).join("");
  }
}

self.addEventListener("message", async ({ data: file }) => {
  const hash = new Sha256();
  const piece = 4 * 1024 * 1024;
  for (let at = 0; at < file.size; at += piece) {
    hash.update(new Uint8Array(await file.slice(at, at + piece).arrayBuffer()));
    self.postMessage({ done: Math.min(at + piece, file.size) });
  }
  self.postMessage({ sha256: hash.digest() });
});
