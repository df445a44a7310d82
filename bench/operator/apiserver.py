"""A small client of an API server and a look at processes, for the benchmarks. Standard library only."""

import base64
import collections
import http.client
import json
import os
import re
import ssl
import tempfile
import threading
import time

HZ = os.sysconf("SC_CLK_TCK")
JOBS = "/apis/kubeflow.org/v1/namespaces/%s/tfjobs"


class ApiServer:
    """Reads the kubeconfig that test/cluster/cluster.sh writes."""

    def __init__(self, kubeconfig):
        with open(kubeconfig) as file:
            text = file.read()

        def field(name):
            return re.search(r'%s: "?([^",}\s]+)' % name, text).group(1)

        paths = []
        for name in ("certificate-authority-data", "client-certificate-data", "client-key-data"):
            with tempfile.NamedTemporaryFile(delete=False) as file:
                file.write(base64.b64decode(field(name)))
                paths.append(file.name)
        self.context = ssl.create_default_context(cafile=paths[0])
        self.context.load_cert_chain(paths[1], paths[2])
        for path in paths:
            os.unlink(path)
        self.host = field("server").split("//")[1]

    def connect(self, timeout=60):
        return Connection(http.client.HTTPSConnection(self.host, context=self.context, timeout=timeout))


class Connection:
    def __init__(self, http_connection):
        self.http = http_connection

    def call(self, method, path, body=None, content_type="application/json"):
        data = json.dumps(body) if body is not None else None
        self.http.request(method, path, body=data, headers={"Content-Type": content_type})
        response = self.http.getresponse()
        text = response.read()
        try:
            return response.status, json.loads(text)
        except ValueError:  # a 404 of an unknown kind is text
            return response.status, text.decode(errors="replace")

    def lines(self, path):
        self.http.request("GET", path)
        response = self.http.getresponse()
        while True:
            line = response.readline()
            if not line:
                return
            yield json.loads(line)


def make_namespace(connection, name):
    connection.call("POST", "/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})


class Watch(threading.Thread):
    """Calls handle(type, object) for everything in a collection, for ever."""

    def __init__(self, server, path, handle):
        super().__init__(daemon=True)
        self.server, self.path, self.handle = server, path, handle
        self.start()

    def run(self):
        while True:
            try:
                connection = self.server.connect(timeout=600)
                status, listed = connection.call("GET", self.path)
                if status != 200:
                    time.sleep(0.2)
                    continue
                for item in listed["items"]:
                    self.handle("ADDED", item)
                version = listed["metadata"]["resourceVersion"]
                for event in connection.lines("%s?watch=1&resourceVersion=%s" % (self.path, version)):
                    if event["type"] == "ERROR":
                        break
                    self.handle(event["type"], event["object"])
            except OSError:
                time.sleep(0.2)


# --- processes ---------------------------------------------------------------------------------


def stat_of(pid):
    with open("/proc/%d/stat" % pid) as file:
        return file.read().rsplit(")", 1)[1].split()


def session(leader):
    """Every process of the session that `leader` began."""
    found = []
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                if int(stat_of(int(name))[3]) == leader:
                    found.append(int(name))
            except OSError:
                pass
    return found


def cpu_seconds(pids):
    total = 0
    for pid in pids:
        try:
            fields = stat_of(pid)
            total += int(fields[11]) + int(fields[12])
        except OSError:
            pass
    return total / HZ


def memory_mib(pids, key):
    total = 0
    for pid in pids:
        try:
            with open("/proc/%d/status" % pid) as file:
                total += int(re.search(key + r":\s+(\d+)", file.read()).group(1))
        except (OSError, AttributeError):
            pass
    return total / 1024


# --- what the operator asked for ------------------------------------------------------------------


def count_requests(audit_log, offset, user):
    """Requests of a user since `offset` of the audit log, by verb and resource, and by code."""
    requests, codes = collections.Counter(), collections.Counter()
    with open(audit_log) as file:
        file.seek(offset)
        for line in file:
            try:
                event = json.loads(line)
            except ValueError:
                continue
            if event["user"]["username"] != user or event["stage"] != "ResponseComplete":
                continue
            about = event.get("objectRef") or {}
            what = about.get("resource", event["requestURI"].split("?")[0])
            if about.get("subresource"):
                what += "/" + about["subresource"]
            requests["%s %s" % (event["verb"], what)] += 1
            codes[str(event["responseStatus"].get("code"))] += 1
    return requests, codes


def percentile(values, part):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * part))] if ordered else None
