"""A client of MAAS as its documentation describes one, signed by oauthlib.

The three ways of sending a request are those of the clients in Python: a form signed with PLAINTEXT or with HMAC-SHA1, and
what python-libmaas and the command line of MAAS send: multipart, each part in base64, repeated names for lists, the
operation in the query.

Reads the URL of the region, its key and a way from standard input, one per line; the exit code is 0 where all is as it has to be.
"""

import json
import sys
import time
from email.generator import BytesGenerator
from email.mime.application import MIMEApplication
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from io import BytesIO

import requests
from oauthlib.oauth1 import SIGNATURE_HMAC, SIGNATURE_PLAINTEXT
from requests_oauthlib import OAuth1

URL, KEY, WAY = (line.strip() for line in sys.stdin.read().splitlines()[:3])
CONSUMER, TOKEN, SECRET = KEY.split(":")
METHOD = SIGNATURE_HMAC if WAY == "hmac" else SIGNATURE_PLAINTEXT
AUTH = OAuth1(CONSUMER, "", TOKEN, SECRET, signature_method=METHOD)


def multipart(fields, files):
    """The body that the clients of MAAS make with Python's own library for e-mail."""
    message = MIMEMultipart("form-data")
    for name, value in fields:
        part = MIMEText(value, "plain", "utf-8")
        part.add_header("Content-Disposition", "form-data", name=name)
        message.attach(part)
    for name, value in files:
        part = MIMEApplication(value)
        part.add_header("Content-Disposition", "form-data", name=name, filename=name)
        message.attach(part)
    out = BytesIO()
    message.as_bytes()  # makes the boundary
    boundary = message.get_boundary().encode()
    for part in message.get_payload():
        inner = BytesIO()
        del part["MIME-Version"]
        BytesGenerator(inner, mangle_from_=False).flatten(part)
        out.write(b"--" + boundary + b"\r\n" + inner.getvalue().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n") + b"\r\n")
    out.write(b"--" + boundary + b"--\r\n")
    return 'multipart/form-data; boundary="%s"' % boundary.decode(), out.getvalue()


def call(method, path, op=None, fields=(), files=(), status=200):
    url, query, body, headers = URL + "/api/2.0/" + path, [], None, {"Accept": "application/json"}
    if op:
        query.append(("op", op))
    if method in ("GET", "DELETE"):
        query += fields
    elif WAY == "multipart" or files:
        headers["Content-Type"], body = multipart(fields, files)
    else:
        body = list(fields)
    answer = requests.request(method, url, params=query, data=body, headers=headers, auth=AUTH, timeout=20)
    if answer.status_code != status:
        sys.exit("%s %s op=%s: %d, not %d: %s" % (method, path, op, answer.status_code, status, answer.text[:300]))
    if "json" in answer.headers.get("Content-Type", ""):
        return answer.json()
    return answer.text


def check(what, got, want):
    if got != want:
        sys.exit("%s: %s, not %s" % (what, json.dumps(got), json.dumps(want)))


def becomes(machine, status):
    for _ in range(1000):
        got = call("GET", "machines/%s/" % machine)
        if got["status_name"] == status:
            return got
        time.sleep(0.02)
    sys.exit("%s is %s, not %s" % (machine, got["status_name"], status))


check("user", call("GET", "users/", "whoami")["username"], "admin")
check("maas_name", call("GET", "maas/", "get_config", [("name", "maas_name")]), "region1")
call("POST", "maas/", "set_config", [("name", "kernel_opts"), ("value", "console=ttyS0,115200 quiet & käse")])
check("kernel_opts", call("GET", "maas/", "get_config", [("name", "kernel_opts")]), "console=ttyS0,115200 quiet & käse")

text = "#!/bin/sh\n# %s\nexit 0\n" % ("x" * 200)
script = call("POST", "scripts/", fields=[("name", "probe"), ("type", "testing"), ("tags", "site,quick")], files=[("script", text.encode())])
check("tags", script["tags"], ["site", "quick"])
check("script", call("GET", "scripts/probe", "download"), text)
check("scripts", [x["name"] for x in call("GET", "scripts/", fields=[("filters", "site")])], ["probe"])

subnet = call("POST", "subnets/", fields=[("cidr", "10.66.0.0/24"), ("dns_servers", "1.1.1.1"), ("dns_servers", "9.9.9.9")])
check("dns_servers", subnet["dns_servers"], ["1.1.1.1", "9.9.9.9"])
call("PUT", "subnets/%d/" % subnet["id"], fields=[("name", "büro")])
check("name", call("GET", "subnets/%d/" % subnet["id"])["name"], "büro")

machine = call("POST", "machines/", fields=[("architecture", "amd64"), ("mac_addresses", "52:54:00:00:00:51"),
               ("mac_addresses", "52:54:00:00:00:52"), ("power_type", "manual"), ("hostname", "py-1"), ("commission", "false")])
check("interfaces", len(machine["interface_set"]), 2)
check("machines", len(call("GET", "machines/", fields=[("mac_address", "52:54:00:00:00:51"), ("mac_address", "52:54:00:00:00:99")])), 1)
tag = call("POST", "tags/", fields=[("name", "py")])
check("tagged", call("POST", "tags/py/", "update_nodes", [("add", machine["system_id"]), ("add", "nobody")]), {"added": 1, "removed": 0})
call("DELETE", "machines/%s/" % machine["system_id"], status=204)
call("GET", "machines/%s/" % machine["system_id"], status=404)
call("POST", "machines/", "allocate", [("system_id", machine["system_id"])], status=409)

# A machine that has introduced itself.
enlisted = call("GET", "machines/")[0]["system_id"]
call("POST", "machines/%s/" % enlisted, "commission", [("testing_scripts", "probe")])
becomes(enlisted, "Ready")
results = call("GET", "nodes/%s/results/current-testing/" % enlisted)["results"]
check("tests", {x["name"]: x["status_name"] for x in results}, {"probe": "Passed"})
call("POST", "machines/", "allocate", [("system_id", enlisted), ("agent_name", "py")])
call("POST", "machines/%s/" % enlisted, "deploy", [("distro_series", "jammy")])
becomes(enlisted, "Deployed")
call("POST", "machines/%s/" % enlisted, "set_workload_annotations", [("role", "büro")])
check("annotations", call("GET", "machines/%s/" % enlisted)["workload_annotations"], {"role": "büro"})
events = call("GET", "events/", "query", [("id", enlisted), ("level", "INFO"), ("limit", "1")])
check("last event", events["events"][0]["type"], "Deployed")
check("released", call("POST", "machines/", "release", [("machines", enlisted)]), [enlisted])
becomes(enlisted, "Ready")
