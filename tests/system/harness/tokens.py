"""Access tokens made by hand, to see which the server takes. Ed25519 after RFC 8032, section 5.1; slow, and good enough here."""

import base64
import hashlib
import json

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT = pow(2, (P - 1) // 4, P)


def _base():
    y = 4 * pow(5, P - 2, P) % P
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * ROOT % P
    return (P - x if x & 1 else x, y)


def _add(first, second):
    (x1, y1), (x2, y2) = first, second
    product = D * x1 * x2 * y1 * y2 % P
    return ((x1 * y2 + x2 * y1) * pow(1 + product, P - 2, P) % P, (y1 * y2 + x1 * x2) * pow(1 - product, P - 2, P) % P)


def _times(number, point):
    sum_ = (0, 1)
    while number:
        if number & 1:
            sum_ = _add(sum_, point)
        point = _add(point, point)
        number >>= 1
    return sum_


def _packed(point):
    x, y = point
    return (y | (x & 1) << 255).to_bytes(32, "little")


def _hash(data):
    return int.from_bytes(hashlib.sha512(data).digest(), "little")


def sign(seed, message):
    digest = hashlib.sha512(seed).digest()
    secret = (int.from_bytes(digest[:32], "little") & ((1 << 254) - 8)) | (1 << 254)
    public = _packed(_times(secret, _base()))
    nonce = _hash(digest[32:] + message) % L
    commitment = _packed(_times(nonce, _base()))
    return commitment + ((nonce + _hash(commitment + public + message) * secret) % L).to_bytes(32, "little")


def encode(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decode(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def parts(token):
    """(header, claims) of a token."""
    header, claims, _ = token.split(".")
    return json.loads(decode(header)), json.loads(decode(claims))


def read_key(path):
    """(kid, seed) of a signing key file."""
    with open(path, encoding="ascii") as file:
        kid, seed = file.read().strip().split(":")
    return kid, decode(seed)


def make(seed, header, claims):
    """`seed` None leaves the signature empty."""
    signed = encode(json.dumps(header).encode()) + "." + encode(json.dumps(claims).encode())
    return signed + "." + ("" if seed is None else encode(sign(seed, signed.encode())))
