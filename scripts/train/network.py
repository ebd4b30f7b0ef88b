"""BertForTokenClassification with Hugging Face's parameter names, no more than training needs."""

import torch
from torch import nn
from torch.nn import functional


class Layer(nn.Module):
    def __init__(self, width, inner, heads, dropout):
        super().__init__()
        self.heads = heads
        self.query, self.key, self.value, self.mix = (nn.Linear(width, width) for _ in range(4))
        self.mix_norm, self.norm = nn.LayerNorm(width, eps=1e-12), nn.LayerNorm(width, eps=1e-12)
        self.up, self.down, self.dropout = nn.Linear(width, inner), nn.Linear(inner, width), nn.Dropout(dropout)

    def forward(self, x, mask):
        split = lambda y: y.unflatten(-1, (self.heads, -1)).transpose(1, 2)
        # Written out: the fused form's backward pass is slower on a CPU at these lengths.
        query, key, value = split(self.query(x)), split(self.key(x)), split(self.value(x))
        weights = (query @ key.transpose(-1, -2) * query.shape[-1] ** -0.5).masked_fill(~mask, -1e4).softmax(-1)
        mixed = weights.to(value.dtype) @ value
        x = self.mix_norm(x + self.dropout(self.mix(mixed.transpose(1, 2).flatten(2))))
        return self.norm(x + self.dropout(self.down(functional.gelu(self.up(x)))))


# Our names of a layer's parts and Hugging Face's.
PARTS = {
    "query": "attention.self.query", "key": "attention.self.key", "value": "attention.self.value",
    "mix": "attention.output.dense", "mix_norm": "attention.output.LayerNorm",
    "up": "intermediate.dense", "down": "output.dense", "norm": "output.LayerNorm",
}


class Network(nn.Module):
    def __init__(self, base, types, outputs, dropout=0.1):
        super().__init__()
        width = base["hidden_size"]
        self.words = nn.Embedding(base["vocab_size"], width)
        self.positions = nn.Embedding(base["max_position_embeddings"], width)
        self.types = nn.Embedding(types, width)
        self.norm, self.dropout = nn.LayerNorm(width, eps=1e-12), nn.Dropout(dropout)
        self.layers = nn.ModuleList(
            Layer(width, base["intermediate_size"], base["num_attention_heads"], dropout)
            for _ in range(base["num_hidden_layers"]))
        self.classifier = nn.Linear(width, outputs)
        nn.init.normal_(self.classifier.weight, std=0.02)
        nn.init.zeros_(self.classifier.bias)

    def forward(self, ids, types, mask):
        places = torch.arange(ids.shape[1], device=ids.device)
        x = self.dropout(self.norm(self.words(ids) + self.positions(places) + self.types(types)))
        for layer in self.layers:
            x = layer(x, mask[:, None, None, :])
        return self.classifier(x)

    def load_base(self, tensors):
        """Takes the encoder of a BERT, each token type starting as its type 0; or a model of ours whole."""
        state = self.state_dict()
        whole = tensors["bert.embeddings.token_type_embeddings.weight"].shape == self.types.weight.shape
        for ours, theirs in self.names().items():
            if whole or not ours.startswith("classifier"):
                tensor = tensors[theirs].float()
                state[ours] = tensor[:1].repeat(state[ours].shape[0], 1) if ours == "types.weight" and not whole else tensor
        self.load_state_dict(state)

    def names(self):
        """Our parameters' names → Hugging Face's."""
        table = {}
        for ours in self.state_dict():
            head, _, rest = ours.partition(".")
            if head == "layers":
                number, part, kind = rest.split(".")
                table[ours] = f"bert.encoder.layer.{number}.{PARTS[part]}.{kind}"
            elif head == "classifier":
                table[ours] = ours
            elif head == "norm":
                table[ours] = f"bert.embeddings.LayerNorm.{rest}"
            else:
                table[ours] = {"words": "bert.embeddings.word_embeddings.weight",
                    "positions": "bert.embeddings.position_embeddings.weight",
                    "types": "bert.embeddings.token_type_embeddings.weight"}[head]
        return table
