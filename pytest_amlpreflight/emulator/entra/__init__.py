"""Microsoft Entra ID: whom a token was issued for and who may have one; what a role permits is ARM's business."""
