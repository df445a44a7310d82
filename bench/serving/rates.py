"""How many requests a second, how soon each is answered, and what that costs the server; start and memory."""

import sys

from servers import HERE  # noqa: F401  (makes bench/train's common.py known)
from common import BENCH, measured


def load(server, program, folder, model, batch, concurrency, seconds, times=None):
    """What the load generator saw, and the server's processor time for each request."""
    address = f"127.0.0.1:{server.port}"
    request = folder / f"{model}-{batch}"
    if program.protocol == "REST":
        command = [BENCH / "rest_load", address, f"/v1/models/{model}:predict", f"{request}.json"]
    else:
        command = [BENCH / "grpc_load", address, f"{request}.grpc"]
    command += [concurrency, seconds] + ([times] if times else [])
    before = server.cpu()
    report = measured(command).answer
    if report["errors"]:
        raise SystemExit(f"{report['errors']} errors: {report['first_error']}")
    # The time before counting begins is a fifth of it.
    requests = report["requests"] * 1.2
    return report | {"server_us": 1e6 * (server.cpu() - before) / requests}


def ceiling(folder, model, batch, seconds):
    """The model's session alone, without a server, in one thread and in two."""
    return [
        {"threads": threads}
        | measured([BENCH / "session_rate", folder / model / "1", batch, threads, seconds]).answer
        for threads in (1, 2)
    ]


def rates(options, folder, programs):
    """{(program, concurrency): [report of each round]}, the programs in turns."""
    results = {}
    for number in range(options.rounds):
        for program in programs:
            with program.serve(options.model) as server:
                for concurrency in options.concurrency:
                    report = load(
                        server, program, folder, options.model, options.batch, concurrency, options.seconds
                    )
                    results.setdefault((program.name, concurrency), []).append(report)
            print(f"  round {number + 1} of {options.rounds}: {program.name}", file=sys.stderr)
    return results


def starts(options, programs, counts):
    """{(program, models): [seconds to ready and memory of each round]}."""
    results = {}
    for number in range(options.rounds):
        for program in programs:
            for count in counts:
                with program.serve_many(options.model, count) as server:
                    report = {"ready_s": server.seconds_to_ready} | server.memory()
                results.setdefault((program.name, count), []).append(report)
        print(f"  round {number + 1} of {options.rounds}: starts", file=sys.stderr)
    return results
