"""What Streamlit cannot do itself: sign-in pages, the guard, streamed downloads."""
