//! Group coordination: the classic protocol and committed offsets.
