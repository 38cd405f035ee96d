"""A WebSocket server that echoes, and clients that check what comes back. Library: websockets (PyPI).

    websocket_echo.py serve HOST PORT
    websocket_echo.py suite URI      prints one line per case, ends with 1 when a case failed
"""

import asyncio
import os
import sys

import websockets
from websockets.asyncio.client import connect
from websockets.asyncio.server import serve


async def echo(connection):
    if connection.request.path == "/close":
        await connection.close(4321, "as asked")
        return
    async for message in connection:
        await connection.send(message)


async def run_server(host, port):
    async with serve(echo, host, int(port), max_size=None):
        await asyncio.get_running_loop().create_future()


async def texts(uri):
    async with connect(uri, max_size=None) as connection:
        for size in (0, 1, 125, 126, 65535, 65536, 1 << 20):
            message = "ü" * (size // 2) + "x" * (size % 2)
            await connection.send(message)
            assert await connection.recv() == message, f"text of {size} bytes"


async def binaries(uri):
    async with connect(uri, max_size=None, compression=None) as connection:
        for size in (0, 1, 125, 126, 65535, 65536, 8 << 20):
            message = os.urandom(size)
            await connection.send(message)
            assert await connection.recv() == message, f"binary of {size} bytes"


async def fragments(uri):
    async with connect(uri, max_size=None) as connection:
        parts = [os.urandom(1000) for _ in range(50)]
        await connection.send(iter(parts))
        assert await connection.recv() == b"".join(parts)


async def pings(uri):
    async with connect(uri) as connection:
        for _ in range(20):
            await asyncio.wait_for(await connection.ping(), 5)


async def pipelined(uri):
    async with connect(uri, compression=None) as connection:
        for number in range(500):
            await connection.send(str(number))
        for number in range(500):
            assert await connection.recv() == str(number)


async def closes(uri):
    async with connect(uri + "close") as connection:
        try:
            await connection.recv()
            raise AssertionError("the server should have closed")
        except websockets.ConnectionClosed as closed:
            assert (closed.rcvd.code, closed.rcvd.reason) == (4321, "as asked"), closed


async def at_once(uri):
    async def one(number):
        async with connect(uri) as connection:
            for turn in range(20):
                message = f"{number}/{turn}"
                await connection.send(message)
                assert await connection.recv() == message

    await asyncio.gather(*(one(number) for number in range(50)))


async def run_suite(uri):
    failed = 0
    for case in (texts, binaries, fragments, pings, pipelined, closes, at_once):
        try:
            await asyncio.wait_for(case(uri), 30)
            print(f"passed {case.__name__}")
        except Exception as problem:  # each case is told, none hides another
            failed += 1
            print(f"failed {case.__name__}: {type(problem).__name__} {problem}")
    return 1 if failed else 0


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        asyncio.run(run_server(sys.argv[2], sys.argv[3]))
    else:
        sys.exit(asyncio.run(run_suite(sys.argv[2])))
