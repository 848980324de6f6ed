"""Everything that uses names which Textual keeps private, one patch per file.

Written for Textual 8.2.8, the version that pyproject.toml pins. A patch says what Textual lacks; a test
per name fails when another version no longer has it.
"""
