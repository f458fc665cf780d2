"""What tests/bench/peers makes of the lines that tools print, and its table. No broker, no tool, no time."""
import sys
import unittest
from pathlib import Path
from unittest import mock

sys.path.insert(0, str(Path(__file__).resolve().parent))
import meter  # noqa: E402
import peer_table  # noqa: E402
import peer_tools  # noqa: E402


def rounds(*rates, cpu_us=10.0, lost=0):
    return [{"rate": rate, "cpu_us": cpu_us, "rss_mib": 20.0, "lag_p99_us": 50.0, "lost": lost} for rate in rates]


class Lines(unittest.TestCase):
    def test_perftest_tells_rates_of_the_time_since_its_last_line(self):
        line = "id: test-1, time {} s, sent: 10034 msg/s, confirmed: 10034 msg/s, nacked: 0 msg/s, received: {} msg/s, min/median"
        lines = [(11.0, line.format("1.000", "1000")), (11.5, "id: test-1, starting consumer #0"), (13.0, line.format("3.000", "500"))]
        self.assertEqual(peer_tools.messages_of_perftest(lines), [(11.0, 1000.0), (13.0, 2000.0)])

    def test_the_sum_that_the_producer_prints_at_its_end_is_not_counted_again(self):
        lines = [(1.0, "100 records sent, 20.0 records/sec (0.00 MB/sec), 1.5 ms avg latency, 9.0 ms max latency."),
                 (2.0, "50 records sent, 10.0 records/sec (0.00 MB/sec), 1.5 ms avg latency, 9.0 ms max latency."),
                 (3.0, "150 records sent, 15.0 records/sec (0.00 MB/sec), 1 ms avg latency, 9 ms max latency, 1 ms 50th, 2 ms 95th")]
        self.assertEqual(peer_tools.messages_of_producer(lines), [(1.0, 100), (2.0, 150)])

    def test_the_consumer_tells_all_that_it_has_taken(self):
        lines = [(1.0, "time, threadId, data.consumed.in.MB, MB.sec, data.consumed.in.nMsg, nMsg.sec"),
                 (2.0, "2026-11-30 16:21:37:417, 0, 1.5, 1.5, 3000, 3000.0, 0, 0, 0.0, 0.0")]
        self.assertEqual(peer_tools.messages_of_consumer(lines), [(2.0, 3000)])

    def test_a_calibration_is_not_taken_for_the_load(self):
        said = [(1.0, "preparing: calibration"), (1.1, "running: calibration"), (4.5, "preparing: rabbitmq"), (4.6, "running: rabbitmq")]
        self.assertEqual(meter.load_began(said), 4.6)
        self.assertIsNone(meter.load_began(said[:3]))

    def test_a_tool_that_says_too_little_in_the_stretch_is_told(self):
        with self.assertRaises(peer_tools.Broken):
            peer_tools.between([(1.0, 5), (9.0, 7)], 2.0, 10.0)

    def test_what_lies_between_two_samples_is_even(self):
        samples = meter.Samples()
        samples.seen = [(0.0, 1.0, 2**20), (2.0, 2.0, 3 * 2**20), (4.0, 6.0, 2**20)]
        self.assertEqual(samples.cpu_s(1.0, 3.0), 2.5)
        self.assertEqual(samples.rss_mib(1.0, 3.0), 3.0)


class Tools(unittest.TestCase):
    def test_kafkas_tools_log_warnings_only(self):
        """Bug: each wrote a line for each of its requests, and that was measured with it."""
        with mock.patch.object(peer_tools, "topic"), mock.patch.object(peer_tools, "Watched") as started:
            peer_tools.kafka("jars", "127.0.0.1:1", 100, 5, consume=True)
        self.assertEqual(started.call_count, 2)
        for call in started.call_args_list:
            option = next(one for one in call.args[0] if one.startswith("-Dlogback.configurationFile="))
            self.assertIn('level="WARN"', Path(option.partition("=")[2]).read_text())


class Table(unittest.TestCase):
    def test_who_did_not_reach_the_rate_is_named(self):
        row = peer_table.row("load", "exact", 10_000, rounds(9_950, 9_800), rounds(10_000, 10_000))
        self.assertEqual(row[-1], "peer attained 98.0 %")
        self.assertEqual(row[1], "exact")

    def test_ratios_are_of_rounds_in_pairs_with_least_and_most(self):
        row = peer_table.row("load", "flat out", None, rounds(100, 200, 400), rounds(300, 200, 800))
        self.assertEqual(row[4], "2.00 (1.00 to 3.00)")
        self.assertEqual(row[-2:], ["-", ""])  # Nothing was due at any time.

    def test_markdown_and_text_have_each_row_once(self):
        row = peer_table.row("load", "exact", None, rounds(100), rounds(100, lost=3))
        self.assertEqual(peer_table.markdown([row]).count("| load |"), 1)
        self.assertEqual(len(peer_table.text([row]).splitlines()), 2)
        self.assertIn("3 lost", peer_table.text([row]))


if __name__ == "__main__":
    unittest.main()
