"""For each rule of the judge, edits of conforming conversations that break it and no other.

Where one edit of a frame could be explained by a lost one, the conversation is written as a device
would have it that breaks just this rule, with a partner that conforms.
"""

from tests.property.judge_breaking import form, machines, partner, rates
from tests.property.judge_breaking.conversations import MUTATIONS, Mutation

__all__ = ["MUTATIONS", "Mutation", "form", "machines", "partner", "rates"]
