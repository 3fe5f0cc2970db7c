"""The shared repository: the only queries; documents in, models out."""
