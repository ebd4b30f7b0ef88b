"""Fine-tunes the shipped model. Run it through scripts/train-model, which prepares the environment."""

import argparse
import json
import math
import pathlib
import time

import torch
from safetensors.torch import load_file, save_file
from torch.nn import functional

import features
from network import Network
from sampler import Sampler


def main():
    asked = arguments()
    torch.manual_seed(asked.seed)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if asked.threads:
        torch.set_num_threads(asked.threads)
    base = json.loads((asked.base / "config.json").read_text())
    encoder = features.Encoder(asked.base)
    sampler = Sampler(asked.corpus, asked.data, encoder, asked.seed, asked.longest, asked.refine)
    print(f"on {device}: {sampler.describe()}; {len(sampler.held_out)} documents held out", flush=True)
    network = Network(base, features.TOKEN_TYPES, len(features.TAGS))
    network.load_base(load_file(asked.base / "model.safetensors"))
    network.to(device)
    average = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    start = {name: tensor.clone() for name, tensor in average.items()}
    decayed = [p for p in network.parameters() if p.dim() > 1]
    plain = [p for p in network.parameters() if p.dim() < 2]
    optimizer = torch.optim.AdamW(
        [{"params": decayed, "weight_decay": 0.01}, {"params": plain, "weight_decay": 0.0}], lr=asked.rate, fused=True)
    shards = math.ceil(asked.sequences / asked.shard)
    first, step = 0, 0
    asked.work.mkdir(parents=True, exist_ok=True)
    checkpoint = asked.work / "checkpoint.pt"
    if checkpoint.exists():
        saved = torch.load(checkpoint, map_location=device, weights_only=True)
        network.load_state_dict(saved["network"])
        optimizer.load_state_dict(saved["optimizer"])
        average, first, step = saved["average"], saved["shard"], saved["step"]
        print(f"resumed after shard {first} of {shards}", flush=True)
    began = time.monotonic()
    for shard in range(first, shards):
        batches = in_batches(sampler.shard(shard, asked.shard), asked.tokens)
        total, seen = 0.0, 0
        network.train()
        for number, batch in enumerate(batches):
            done = (shard + number / len(batches)) / shards
            for group in optimizer.param_groups:
                group["lr"] = asked.rate * schedule(done)
            loss, count = loss_of(network, batch, encoder.padding, device)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimizer.step()
            step += 1
            follow(average, network, min(0.998, step / (step + 20)))
            total, seen = total + loss.item() * count, seen + count
        left = (time.monotonic() - began) / (shard + 1 - first) * (shards - shard - 1)
        print(f"shard {shard + 1}/{shards}  loss {total / max(seen, 1):.4f}  {left / 60:.0f} min left", flush=True)
        if (shard + 1) % asked.every == 0 or shard + 1 == shards:
            network.eval()
            trained = {name: tensor.clone() for name, tensor in network.state_dict().items()}
            network.load_state_dict(mixed(start, average) if asked.refine else average)
            print(f"  held out: {measure(network, sampler.held_out, encoder, device)}", flush=True)
            export(network, base, asked.base, asked.out)
            network.load_state_dict(trained)
        # After the export: a run cut off in between does this shard again, rather than end without a model.
        save = {"network": network.state_dict(), "optimizer": optimizer.state_dict(), "average": average}
        torch.save(save | {"shard": shard + 1, "step": step}, checkpoint.with_suffix(".new"))
        checkpoint.with_suffix(".new").replace(checkpoint)
    # The next run is another one.
    checkpoint.unlink()


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--base", type=pathlib.Path, required=True, help="folder of the model to start from")
    parser.add_argument("--corpus", type=pathlib.Path, action="append", default=[], help="folder of marked-up documents")
    parser.add_argument("--data", type=pathlib.Path, help="folder with the shared sets, train/ and unlabelled/")
    parser.add_argument("--out", type=pathlib.Path, required=True, help="folder that the model is written to")
    parser.add_argument("--work", type=pathlib.Path, required=True, help="folder for the checkpoint")
    parser.add_argument("--refine", action="store_true", help="the base is a trained model: more clean text, newer documents more often")
    parser.add_argument("--sequences", type=int, default=100_000)
    parser.add_argument("--shard", type=int, default=2_000, help="sequences between two checkpoints")
    parser.add_argument("--every", type=int, default=5, help="shards between two measurements")
    parser.add_argument("--tokens", type=int, default=3_200, help="tokens of a batch")
    parser.add_argument("--longest", type=int, default=128, help="tokens of a sequence")
    parser.add_argument("--rate", type=float, default=2.5e-4)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=0)
    return parser.parse_args()


def schedule(done):
    """Up over the first fiftieth, then down along a line to a fiftieth."""
    return done * 50 if done < 0.02 else max(0.02, (1 - done) / 0.98)


def in_batches(sequences, tokens):
    """Sequences of like length together, at most `tokens` with their padding, in an order that does not depend on length."""
    sequences = sorted(sequences, key=lambda sequence: len(sequence[0]))
    batches, batch = [], []
    for sequence in sequences:
        if batch and (len(batch) + 1) * len(sequence[0]) > tokens:
            batches.append(batch)
            batch = []
        batch.append(sequence)
    batches.append(batch)
    order = torch.randperm(len(batches), generator=torch.Generator().manual_seed(len(batches)))
    return [batches[number] for number in order]


def tensors(batch, padding, device):
    longest = max(len(ids) for ids, _, _ in batch)
    fill = lambda part, value: torch.tensor([row + [value] * (longest - len(row)) for row in part], device=device)
    ids, types, wanted = zip(*batch)
    ids, types, wanted = fill(ids, padding), fill(types, 0), fill(wanted, features.IGNORED)
    mask = torch.tensor([[n < len(row[0]) for n in range(longest)] for row in batch], device=device)
    return ids, types, wanted, mask


def loss_of(network, batch, padding, device):
    ids, types, wanted, mask = tensors(batch, padding, device)
    with torch.autocast(device.type, dtype=torch.bfloat16):
        logits = network(ids, types, mask)
    loss = functional.cross_entropy(logits.float().flatten(0, 1), wanted.flatten(), ignore_index=features.IGNORED)
    return loss, len(batch)


def follow(average, network, decay):
    with torch.no_grad():
        for name, tensor in network.state_dict().items():
            average[name].lerp_(tensor, 1 - decay)


def mixed(start, average):
    """Halfway from the model that refinement began with to the refined one: better on text like neither's training than
    both (Wortsman et al., "Robust fine-tuning of zero-shot models", arXiv 2109.01903)."""
    return {name: start[name].lerp(tensor, 0.5) if tensor.is_floating_point() else tensor for name, tensor in average.items()}


def measure(network, documents, encoder, device, threshold=0.5):
    """Recall and precision by token at P(not O) ≥ `threshold`, windows without overlap: to follow training, no more."""
    found = missed = wrong = clean = 0
    for document in documents:
        ids, types, wanted = encoder.encode(document.text, document.spans)
        for at in range(0, len(ids), 126):
            part = slice(at, at + 126)
            batch = [([encoder.first, *ids[part], encoder.last], [0, *types[part], 0], [-100, *wanted[part], -100])]
            ids_, types_, wanted_, mask = tensors(batch, encoder.padding, device)
            with torch.no_grad():
                outside = network(ids_, types_, mask).softmax(-1)[0, :, 0]
            for probability, target in zip(outside.tolist(), wanted_[0].tolist()):
                if target == features.IGNORED:
                    continue
                phi = 1 - probability >= threshold
                found += phi and target > 0
                missed += not phi and target > 0
                wrong += phi and target == 0
                clean += target == 0
    return f"recall {found / max(found + missed, 1):.4f} precision {found / max(found + wrong, 1):.4f} false {1000 * wrong / max(clean, 1):.1f} ‰"


def export(network, base, base_folder, out):
    """Writes the folder that the gateway loads: fp16 weights under Hugging Face's names, tokenizer, config."""
    out.mkdir(parents=True, exist_ok=True)
    names = network.names()
    save_file({names[name]: tensor.half().cpu().contiguous() for name, tensor in network.state_dict().items()}, out / "model.safetensors")
    (out / "config.json").write_text(features.config(base))
    for name in ("vocab.txt", "tokenizer_config.json", "special_tokens_map.json"):
        (out / name).write_bytes((base_folder / name).read_bytes())


if __name__ == "__main__":
    main()
