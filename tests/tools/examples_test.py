# SPDX-License-Identifier: BSL-1.0
"""The examples, with real terminals, pipes, files and connections."""
import os
import pty
import re
import signal
import socket
import subprocess
import tempfile
import threading
import unittest

from running import EXAMPLES, environment

BACKENDS = ["epoll", "poll_fallback"]


class TailStdin(unittest.TestCase):
    def start(self, backend, stdin):
        return subprocess.Popen([EXAMPLES + "/tail_stdin"], env=environment(POLLUX_BACKEND=backend), stdin=stdin,
                                stdout=subprocess.PIPE)

    def test_pipe(self):
        for backend in BACKENDS:
            with self.start(backend, subprocess.PIPE) as program:
                for data in [b"one\n", b"two\n"]:  # as it comes, not at the end
                    program.stdin.write(data)
                    program.stdin.flush()
                    self.assertEqual(os.read(program.stdout.fileno(), 100), data)
                program.stdin.close()
                self.assertEqual(program.stdout.read(), b"")
                self.assertEqual(program.wait(30), 0)

    def test_file(self):
        for backend in BACKENDS:
            for content in [b"", os.urandom(300000)]:
                with tempfile.TemporaryFile() as file:
                    file.write(content)
                    file.seek(0)
                    with self.start(backend, file) as program:
                        self.assertEqual(program.stdout.read(), content)
                        self.assertEqual(program.wait(30), 0)

    def test_terminal(self):
        for backend in BACKENDS:
            keyboard, terminal = pty.openpty()
            with self.start(backend, terminal) as program:
                os.write(keyboard, b"typed\n")
                self.assertEqual(os.read(program.stdout.fileno(), 100), b"typed\n")
                os.write(keyboard, b"\x04")  # Ctrl-D
                self.assertEqual(program.wait(30), 0)
            os.close(keyboard)
            os.close(terminal)


class EchoServer(unittest.TestCase):
    def start(self, backend):
        program = subprocess.Popen([EXAMPLES + "/echo_server", "0"], env=environment(POLLUX_BACKEND=backend),
                                   stdout=subprocess.PIPE, text=True)
        line = program.stdout.readline()
        self.assertTrue(line.endswith(f"backend {backend}\n"), line)
        return program, int(re.match(r"port (\d+)", line).group(1))

    def test_echo_under_back_pressure(self):
        data = os.urandom(5000000)
        for backend in BACKENDS:
            program, port = self.start(backend)
            with program, socket.create_connection(("127.0.0.1", port), 30) as client:
                def send():
                    client.sendall(data)
                    client.shutdown(socket.SHUT_WR)
                sender = threading.Thread(target=send)
                sender.start()
                with socket.create_connection(("127.0.0.1", port), 30) as other:
                    other.sendall(b"not kept waiting")
                    self.assertEqual(other.recv(100), b"not kept waiting")
                received = b"".join(iter(lambda: client.recv(65536), b""))
                sender.join()
                self.assertEqual(len(received), len(data))
                self.assertTrue(received == data)
                program.send_signal(signal.SIGTERM)
                self.assertEqual(program.wait(30), -signal.SIGTERM)

    def test_bad_port(self):
        outcome = subprocess.run([EXAMPLES + "/echo_server", "abc"], env=environment(), capture_output=True, text=True,
                                 timeout=30, check=False)
        self.assertEqual((outcome.returncode, outcome.stderr), (1, "usage: echo_server [port]\n"))


class MarketData(unittest.TestCase):
    def newest_prices(self, port):
        """The last price of each symbol that a subscriber got up to the end, none of them ever lower than before."""
        prices = {}
        with socket.create_connection(("127.0.0.1", port), 30) as connection, connection.makefile() as lines:
            for line in lines:
                symbol, price = map(int, line.split())
                self.assertGreaterEqual(price, prices.get(symbol, 0))
                prices[symbol] = price
        return prices

    def test_the_last_price_of_every_symbol_arrives(self):
        for backend in BACKENDS:
            with subprocess.Popen([EXAMPLES + "/market_data", "1", "0"], env=environment(POLLUX_BACKEND=backend),
                                  stdout=subprocess.PIPE, text=True) as program:
                port = re.match(f"port (\\d+), backend {backend}\n", program.stdout.readline()).group(1)
                prices = self.newest_prices(int(port))
                counts = re.match(r"updates (\d+), conflated (\d+), delivered (\d+)\n", program.stdout.readline())
                updates, conflated, delivered = map(int, counts.groups())
                self.assertRegex(program.stdout.read(), r"^age of a price when it is sent, in us: median \d+, ")
                self.assertEqual(program.wait(30), 0)
            # Each update makes a price one higher, so the last prices tell how many there were.
            self.assertEqual(len(prices), 10000)
            self.assertEqual(sum(prices.values()), updates)
            self.assertLess(conflated, updates)
            self.assertGreaterEqual(delivered, len(prices))

    def test_usage(self):
        outcome = subprocess.run([EXAMPLES + "/market_data", "0"], env=environment(), capture_output=True, text=True,
                                 timeout=30, check=False)
        self.assertEqual((outcome.returncode, outcome.stderr), (1, "usage: market_data [seconds [port]]\n"))


if __name__ == "__main__":
    unittest.main()
