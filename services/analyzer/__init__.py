"""The analyzer."""
