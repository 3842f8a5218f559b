# SPDX-License-Identifier: BSL-1.0
"""Tests of the examples, with real terminals, pipes, files and connections."""
import concurrent.futures
import os
import pty
import re
import resource
import signal
import socket
import subprocess
import tempfile
import threading
import time
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
                for data in [b"one\n", b"two\n"]:  # when it arrives, not at the end
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

    def test_no_free_descriptor_and_no_client_to_close(self):
        for backend in BACKENDS:
            program, port = self.start(backend)
            with program:
                soft, hard = resource.prlimit(program.pid, resource.RLIMIT_NOFILE)
                taken = len(os.listdir(f"/proc/{program.pid}/fd"))
                resource.prlimit(program.pid, resource.RLIMIT_NOFILE, (taken, hard))
                with socket.create_connection(("127.0.0.1", port), 30) as client:
                    client.sendall(b"waits")
                    client.settimeout(0.5)
                    self.assertRaises(TimeoutError, client.recv, 100)
                    resource.prlimit(program.pid, resource.RLIMIT_NOFILE, (soft, hard))
                    client.settimeout(30)
                    self.assertEqual(client.recv(100), b"waits")
                program.send_signal(signal.SIGTERM)
                self.assertEqual(program.wait(30), -signal.SIGTERM)

    def test_bad_port(self):
        outcome = subprocess.run([EXAMPLES + "/echo_server", "abc"], env=environment(), capture_output=True, text=True,
                                 timeout=30, check=False)
        self.assertEqual((outcome.returncode, outcome.stderr), (1, "usage: echo_server [port]\n"))


class UdpEcho(unittest.TestCase):
    def test_each_sender_receives_its_own_datagrams(self):
        for backend in BACKENDS:
            for at, family in [("127.0.0.1:0", socket.AF_INET), ("[::1]:0", socket.AF_INET6)]:
                with subprocess.Popen([EXAMPLES + "/udp_echo", at], env=environment(POLLUX_BACKEND=backend),
                                      stdout=subprocess.PIPE, text=True) as program:
                    line = program.stdout.readline()
                    place = re.match(rf"(.*):(\d+), backend {backend}\n", line)
                    self.assertEqual(place.group(1), at[:-2], line)
                    to = (place.group(1).strip("[]"), int(place.group(2)))
                    clients = [socket.socket(family, socket.SOCK_DGRAM) for _ in range(3)]
                    for number, client in enumerate(clients):
                        client.settimeout(30)
                        for data in [b"number %d" % number, b"", os.urandom(9000)]:
                            client.sendto(data, to)
                            self.assertEqual(client.recvfrom(65536)[0], data)
                    for client in clients:
                        client.close()
                    program.send_signal(signal.SIGTERM)
                    self.assertEqual(program.wait(30), -signal.SIGTERM)

    def test_bad_address(self):
        outcome = subprocess.run([EXAMPLES + "/udp_echo", "localhost:7777"], env=environment(), capture_output=True,
                                 text=True, timeout=30, check=False)
        self.assertEqual((outcome.returncode, outcome.stderr), (
            1, "localhost:7777: expected four numbers from 0 to 255 before the port, as in 127.0.0.1:80; "
               "names are not resolved\n"))


class NodeExperiment(unittest.TestCase):
    def test_all_is_called_and_it_ends(self):
        for backend in BACKENDS:
            for arguments in [], ["--trace"]:
                outcome = subprocess.run([EXAMPLES + "/node_experiment", *arguments], capture_output=True, text=True,
                                         env=environment(POLLUX_BACKEND=backend), timeout=60, check=False)
                self.assertEqual((outcome.returncode, outcome.stderr), (0, ""))
                lines = outcome.stdout.splitlines()
                turns = [line for line in lines if line.startswith("-- turn ")]
                self.assertEqual(bool(turns), bool(arguments))
                others = [line for line in lines if line not in turns]
                self.assertEqual(sorted(others), [f"http: this is /page/{n}" for n in (1, 2, 3)] +
                                 [f"timer: {n}" for n in (1, 2, 3)] + ["work: 333833500"])
                self.assertEqual([line for line in others if "timer" in line], [f"timer: {n}" for n in (1, 2, 3)])

    def test_usage(self):
        outcome = subprocess.run([EXAMPLES + "/node_experiment", "more"], env=environment(), capture_output=True,
                                 text=True, timeout=30, check=False)
        self.assertEqual((outcome.returncode, outcome.stderr), (1, "usage: node_experiment [--trace]\n"))


class Nesting(unittest.TestCase):
    """Loops of Pollux and of others hold each other: nothing is lost, and no wake-up is without work."""

    def run_example(self, name, expected, backend="epoll"):
        outcome = subprocess.run([EXAMPLES + "/" + name], env=environment(POLLUX_BACKEND=backend), capture_output=True,
                                 text=True, timeout=90, check=False)
        self.assertEqual((outcome.returncode, outcome.stderr), (0, ""), outcome.stdout)
        self.assertRegex(outcome.stdout, expected + r"40 and 40 ticks, 200 bytes, 40 posts; \d+ wake-ups, 0 of them "
                                                    r"without work\n$")

    def test_loop_in_asio(self):
        self.run_example("loop_in_asio", "^")

    @unittest.skipUnless(os.path.exists(EXAMPLES + "/asio_in_loop"), "not built with ThreadSanitizer")
    def test_asio_in_loop(self):
        for backend in BACKENDS:
            self.run_example("asio_in_loop", "^200 bytes of Asio, 0 handlers in another thread; ", backend)

    @unittest.skipUnless(os.path.exists(EXAMPLES + "/loop_in_glib"), "GLib was not found, or ThreadSanitizer is used")
    def test_loop_in_glib(self):
        self.run_example("loop_in_glib", "^")

    @unittest.skipUnless(os.path.exists(EXAMPLES + "/glib_in_loop"), "GLib was not found, or ThreadSanitizer is used")
    def test_glib_in_loop(self):
        for backend in BACKENDS:
            self.run_example("glib_in_loop", "^40 idle functions of GLib; ", backend)

    def test_a_backend_without_a_descriptor_is_refused(self):
        outcome = subprocess.run([EXAMPLES + "/loop_in_asio"], env=environment(POLLUX_BACKEND="poll_fallback"),
                                 capture_output=True, text=True, timeout=90, check=False)
        self.assertEqual((outcome.returncode, outcome.stderr), (
            1, 'pollux::loop::Loop::descriptor(): the backend "poll_fallback" has no descriptor that other loops can wait for: '
               "Operation not supported\n"))


class MarketData(unittest.TestCase):
    def prices_of(self, connection):
        """Returns the number of prices that a subscriber received, none lower than before, and the last of each symbol."""
        prices, count = {}, 0
        with connection, connection.makefile() as lines:
            for count, line in enumerate(lines, 1):
                symbol, price = map(int, line.split())
                self.assertGreaterEqual(price, prices.get(symbol, 0))
                prices[symbol] = price
        return count, prices

    def subscribe(self, program, room=None):
        """Makes a subscriber; with a small receive buffer on request, so that few prices are delivered at a time."""
        if not hasattr(program, "port"):
            program.port = int(re.match(r"port (\d+), backend \w+\n", program.stdout.readline()).group(1))
        connection = socket.socket()
        connection.settimeout(30)
        if room:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, room)
        connection.connect(("127.0.0.1", program.port))
        return connection

    def start(self, backend):
        return subprocess.Popen([EXAMPLES + "/market_data", "1", "0"], env=environment(POLLUX_BACKEND=backend),
                                stdout=subprocess.PIPE, text=True)

    def expect_counts(self, program):
        """Returns the updates, the conflated ones and the deliveries, as the program counts them at its end."""
        counts = re.match(r"updates (\d+), conflated (\d+), delivered (\d+)\n", program.stdout.readline())
        self.assertRegex(program.stdout.read(), r"^age of a price when it is sent, in us: median \d+, ")
        self.assertEqual(program.wait(30), 0)
        return map(int, counts.groups())

    def test_the_last_price_of_every_symbol_arrives(self):
        for backend in BACKENDS:
            with self.start(backend) as program:
                count, prices = self.prices_of(self.subscribe(program))
                updates, conflated, delivered = self.expect_counts(program)
            # Each update raises a price by one, so the last prices give the number of updates.
            self.assertEqual(len(prices), 10000)
            self.assertEqual(sum(prices.values()), updates)
            self.assertLess(conflated, updates)
            self.assertEqual(delivered, count)

    def test_a_slow_subscriber_receives_fewer_prices_and_none_that_is_old(self):
        for backend in BACKENDS:
            with self.start(backend) as program, concurrent.futures.ThreadPoolExecutor() as pool:
                late = self.subscribe(program, room=2048)
                prompt = pool.submit(self.prices_of, self.subscribe(program))
                # The test does not depend on this time: the program runs until the slow one has its prices, too.
                time.sleep(1.5)
                late_count, late_prices = self.prices_of(late)
                count, prices = prompt.result()
                updates, _, delivered = self.expect_counts(program)
            self.assertEqual(sum(late_prices.values()), updates)
            self.assertEqual(late_prices, prices)
            self.assertLess(late_count, updates)
            self.assertEqual(delivered, count + late_count)

    def test_usage(self):
        outcome = subprocess.run([EXAMPLES + "/market_data", "0"], env=environment(), capture_output=True, text=True,
                                 timeout=30, check=False)
        self.assertEqual((outcome.returncode, outcome.stderr), (1, "usage: market_data [seconds [port]]\n"))


if __name__ == "__main__":
    unittest.main()
