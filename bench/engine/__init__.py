"""An engine for measurement: DynamoDB's wire format in memory, with capacity counted by AWS's rules.

It costs next to nothing and counts everything, so that benchmarks show what the registry costs and what AWS would
charge. It proves nothing: what is correct is shown by DynamoDB Local and by AWS.
"""
