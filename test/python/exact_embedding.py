"""What exact_test.py compares our embeddings with, by the name of the case."""

import tensorflow as tf


def _case(combiner):
    def case(v):
        table, ids = v["embedding/embeddings"], v["ids"]
        if combiner is None:
            return {"y": tf.gather(table, ids)}
        places = tf.where(tf.ones_like(ids, tf.bool))
        bags = tf.SparseTensor(places, tf.reshape(ids, [-1]), tf.shape(ids, tf.int64))
        return {"y": tf.nn.embedding_lookup_sparse(table, bags, None, combiner=combiner)}

    return case


for _name, _combiner in {
    "embedding": None,
    "embedding_nested": None,
    "embedding_sum": "sum",
    "embedding_mean": "mean",
    "embedding_sqrtn": "sqrtn",
}.items():
    globals()[_name] = globals()[_name + "_sparse"] = _case(_combiner)
