"""The system as AWS CDK constructs, and what builds and synthesises them."""
