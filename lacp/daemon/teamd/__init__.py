"""What makes a team controllable by teamd's own clients: teamdctl, NetworkManager, wicked."""
