"""Makes a service account's key pair for a test, and prints it as JSON: the private key as key files have it, the public one as
the server that checks signatures takes it.

    python make_key.py
"""

import json

from cryptography.hazmat.primitives import serialization as s
from cryptography.hazmat.primitives.asymmetric import rsa

key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
private = key.private_bytes(s.Encoding.PEM, s.PrivateFormat.PKCS8, s.NoEncryption())
public = key.public_key().public_bytes(s.Encoding.DER, s.PublicFormat.PKCS1)
print(json.dumps({"private": private.decode(), "public": list(public)}))
