"""The InternLM2 decoder as published, transcribed to PyTorch.

This is not Transformers code: Transformers has no InternLM2. Written from the published description of the
architecture: a pre-norm decoder of RMS norms without biases, gated SiLU feed-forward (w2(silu(w1 x) * w3 x)), rotary
positions on halves, grouped key/value heads whose queries, key and value come from one matrix `wqkv`. The rows of
`wqkv` are, for each key/value head in turn: its query heads, its key head, its value head. "dynamic" rotary scaling
changes nothing for sequences up to `max_position_embeddings`, and longer ones are refused here.

`as_llama` gives the same weights as a Llama decoder of Transformers would hold them, for a cross-check.
"""
import torch
from torch import nn
from torch.nn import functional as F


class RmsNorm(nn.Module):
    def __init__(self, size, eps):
        super().__init__()
        self.weight, self.eps = nn.Parameter(torch.ones(size)), eps

    def forward(self, x):
        wide = x.float()
        return self.weight * (wide * torch.rsqrt(wide.square().mean(-1, keepdim=True) + self.eps)).to(x.dtype)


def rotate(x, cos, sin):
    left, right = x.chunk(2, -1)
    return x * cos + torch.cat((-right, left), -1) * sin


class Attention(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.heads, self.groups = config["num_attention_heads"], config["num_key_value_heads"]
        self.size = config["hidden_size"] // self.heads
        self.wqkv = nn.Linear(config["hidden_size"], (self.heads + 2 * self.groups) * self.size, bias=False)
        self.wo = nn.Linear(self.heads * self.size, config["hidden_size"], bias=False)

    def forward(self, x, cos, sin, mask):
        batch, length, _ = x.shape
        shared = self.heads // self.groups
        packed = self.wqkv(x).view(batch, length, self.groups, shared + 2, self.size)
        query = packed[:, :, :, :shared].reshape(batch, length, self.heads, self.size).transpose(1, 2)
        key, value = (packed[:, :, :, shared + i].transpose(1, 2) for i in (0, 1))  # [B, groups, T, D]
        query, key = rotate(query, cos, sin), rotate(key, cos, sin)
        key, value = (t.repeat_interleave(shared, 1) for t in (key, value))
        weights = query @ key.transpose(2, 3) / self.size ** 0.5 + mask
        mixed = weights.softmax(-1, dtype=torch.float32).to(x.dtype) @ value
        return self.wo(mixed.transpose(1, 2).reshape(batch, length, -1))


class FeedForward(nn.Module):
    def __init__(self, config):
        super().__init__()
        hidden, inner = config["hidden_size"], config["intermediate_size"]
        self.w1, self.w3 = nn.Linear(hidden, inner, bias=False), nn.Linear(hidden, inner, bias=False)
        self.w2 = nn.Linear(inner, hidden, bias=False)

    def forward(self, x):
        return self.w2(F.silu(self.w1(x)) * self.w3(x))


class Layer(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.attention, self.feed_forward = Attention(config), FeedForward(config)
        self.attention_norm = RmsNorm(config["hidden_size"], config["rms_norm_eps"])
        self.ffn_norm = RmsNorm(config["hidden_size"], config["rms_norm_eps"])

    def forward(self, x, *positions_and_mask):
        x = x + self.attention(self.attention_norm(x), *positions_and_mask)
        return x + self.feed_forward(self.ffn_norm(x))


class InternLm2(nn.Module):
    """Parameter names are the published ones below `language_model.`."""

    def __init__(self, config):
        super().__init__()
        self.config = config
        self.model = nn.Module()
        self.model.tok_embeddings = nn.Embedding(config["vocab_size"], config["hidden_size"])
        self.model.layers = nn.ModuleList(Layer(config) for _ in range(config["num_hidden_layers"]))
        self.model.norm = RmsNorm(config["hidden_size"], config["rms_norm_eps"])
        self.output = nn.Linear(config["hidden_size"], config["vocab_size"], bias=False)

    def forward(self, embedded, attention_mask):
        """embedded [B, T, E], attention_mask [B, T] of ones with zeros on the left -> logits [B, T, V]"""
        length = embedded.shape[1]
        assert length <= self.config["max_position_embeddings"], "longer than what dynamic scaling leaves alone"
        size = self.config["hidden_size"] // self.config["num_attention_heads"]
        frequencies = 1.0 / self.config["rope_theta"] ** (torch.arange(0, size, 2).float() / size)
        positions = (attention_mask.cumsum(-1) - 1).clamp(min=0)
        angles = positions[:, None, :, None].float() * frequencies  # [B, 1, T, D / 2]
        angles = torch.cat((angles, angles), -1)
        cos, sin = angles.cos().to(embedded.dtype), angles.sin().to(embedded.dtype)
        seen = torch.ones(length, length).tril().bool() & attention_mask[:, None, None].bool()
        mask = torch.zeros(seen.shape, dtype=embedded.dtype).masked_fill(~seen, torch.finfo(embedded.dtype).min)
        x = embedded
        for layer in self.model.layers:
            x = layer(x, cos, sin, mask)
        return self.output(self.model.norm(x))


RENAMED = {"attention.wo": "self_attn.o_proj", "feed_forward.w1": "mlp.gate_proj", "feed_forward.w3": "mlp.up_proj",
           "feed_forward.w2": "mlp.down_proj", "attention_norm": "input_layernorm",
           "ffn_norm": "post_attention_layernorm", "model.tok_embeddings": "model.embed_tokens", "output.": "lm_head."}


def as_llama(tensors, heads, groups):
    """Tensors by published name (any whose rows are those of the weights, so gradients too) -> by Llama name."""
    result = {}
    for name, tensor in tensors.items():
        if "attention.wqkv" in name:
            shared = heads // groups
            packed = tensor.unflatten(0, (groups, shared + 2, -1))
            for part, rows in {"q": packed[:, :shared], "k": packed[:, shared], "v": packed[:, shared + 1]}.items():
                result[name.replace("attention.wqkv", f"self_attn.{part}_proj")] = rows.reshape(-1, tensor.shape[1])
            continue
        for old, new in RENAMED.items():
            name = name.replace(old, new)
        result[name] = tensor
    return result
