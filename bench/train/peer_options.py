"""The command line that all peers have."""

import argparse

ACCURACY_STEPS = 800  # within which the learning rate rises and falls in the mode `accuracy`


def parse(description):
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("mode", choices=["steps", "job", "accuracy"])
    parser.add_argument("--model", default="digits", choices=["digits", "resnet", "tabular"])
    parser.add_argument("--data", required=True, help="the data's directory")
    parser.add_argument("--work", help="an empty directory for what the job writes")
    parser.add_argument("--precision", default="float32", choices=["float32", "bfloat16"])
    parser.add_argument("--batch", type=int, default=100)
    parser.add_argument("--compile", action="store_true", help="by XLA or by Inductor")
    return parser.parse_args()
