"""The networks of the examples in PyTorch."""

import math

import torch
from torch import nn


def digits():
    blocks, channels = [], 1
    for _ in range(2):
        blocks += [
            nn.Conv2d(channels, 32, 5, padding="same", bias=False),
            nn.BatchNorm2d(32),
            nn.MaxPool2d(2),
            nn.ReLU(),
        ]
        channels = 32
    blocks += [
        nn.Flatten(),
        nn.Linear(32 * 7 * 7, 1024),
        nn.ReLU(),
        nn.Dropout(0.4),
        nn.Linear(1024, 10),
    ]
    return nn.Sequential(*blocks)


class Block(nn.Module):
    def __init__(self, channels, filters, stride):
        super().__init__()
        self.first = nn.Conv2d(channels, filters, 3, stride, padding=1, bias=False)
        self.first_norm = nn.BatchNorm2d(filters)
        self.second = nn.Conv2d(filters, filters, 3, padding=1, bias=False)
        self.second_norm = nn.BatchNorm2d(filters)
        nn.init.zeros_(self.second_norm.weight)
        self.shortcut = nn.Identity()
        if stride > 1:
            projection = nn.Conv2d(channels, filters, 1, stride, bias=False)
            self.shortcut = nn.Sequential(projection, nn.BatchNorm2d(filters))

    def forward(self, x):
        y = torch.relu(self.first_norm(self.first(x)))
        y = self.second_norm(self.second(y))
        return torch.relu(self.shortcut(x) + y)


def resnet():
    parts = [nn.Conv2d(3, 16, 3, 2, padding=1, bias=False), nn.BatchNorm2d(16), nn.ReLU()]
    channels, filters = 16, 16
    for stage in range(3):
        for block in range(3):
            parts.append(Block(channels, filters, 2 if stage > 0 and block == 0 else 1))
            channels = filters
        filters *= 2
    parts += [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, 10)]
    return nn.Sequential(*parts)


class Tabular(nn.Module):
    def __init__(self):
        super().__init__()
        self.users, self.films = nn.Embedding(1001, 8), nn.Embedding(301, 8)
        self.hidden, self.out = nn.Linear(26, 32), nn.Linear(32, 1)

    def forward(self, user, film, hour):
        users, films = self.users(user), self.films(film)
        angle = hour.reshape(-1, 1) * (2 * math.pi / 24)
        x = torch.cat([users, films, users * films, angle.sin(), angle.cos()], dim=1)
        return self.out(torch.relu(self.hidden(x))).reshape(-1)


def build(name):
    """The network, its optimizer and its loss."""
    model = {"digits": digits, "resnet": resnet, "tabular": Tabular}[name]()
    if name == "tabular":
        return model, torch.optim.Adam(model.parameters(), 0.004, fused=True), (
            nn.BCEWithLogitsLoss()
        )
    model = model.to(memory_format=torch.channels_last)
    optimizer = torch.optim.Adam(model.parameters(), 0.001, fused=True)
    if name == "resnet":
        optimizer = torch.optim.SGD(
            model.parameters(), 0.1, momentum=0.9, nesterov=True, weight_decay=1e-4, fused=True
        )
    return model, optimizer, nn.CrossEntropyLoss()
