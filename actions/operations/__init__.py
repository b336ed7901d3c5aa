"""What no schema says of the operations that have no action of their own."""

from connector.component.definitions import Effect
from connector.component.described_actions import OperationNotes

from ..inputs import SegmentInputs  # noqa: TID252 - a component is loaded under a private package name
from .comments import COMMENTS

EFFECTS: dict[str, tuple[Effect, bool]] = {
    # These read, though they are a POST.
    "batchQueryMessagingSubscriptionsForSpace": ("read", True),
    "createValidationInWarehouse": ("read", True),
    "previewDestinationFilter": ("read", True),
    # These delete or suppress the data of people, for good. Only the inputs show which ones are harmless.
    "createCloudSourceRegulation": ("destructive", False),
    "createSourceRegulation": ("destructive", False),
    "createWorkspaceRegulation": ("destructive", False),
    # It ends a sync, and fails the second time.
    "cancelReverseETLSyncForModel": ("destructive", False),
    # These replace what they are said to update: what is left out is gone.
    "updateDestinationForAudience": ("destructive", True),
    "updateFilterById": ("destructive", True),
    # It creates the plugin or replaces its code.
    "createLivePlugin": ("write", True),
    # With performResync it sends everything again.
    "updateActivationForAudience": ("write", False),
}
"""Effect and repeatability that the method does not show."""

NOTES = OperationNotes(inputs=SegmentInputs, comments=COMMENTS, effects=EFFECTS)
